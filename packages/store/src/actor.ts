import type { ActorType } from "@leftrail/contract";

/** Who changes something; becomes the audit entry's actor. */
export type Actor =
  | {
      readonly type: "user";
      readonly userId: string;
      readonly requestId: string;
      readonly ip: string | null;
    }
  | {
      /** Somebody whom a trusted service names. */
      readonly type: "reported";
      readonly actorType: ActorType;
      readonly actorId: string;
      readonly requestId: string;
      readonly ip: string | null;
    }
  | {
      readonly type: "system";
      /** Which part of Leftrail, such as `demo-data`. */
      readonly name: string;
    };

/** The audit columns that say who it was. */
export function actorColumns(actor: Actor): {
  actorType: ActorType;
  actorId: string;
  ip: string | null;
  requestId: string | null;
} {
  switch (actor.type) {
    case "user":
      return { actorType: "user", actorId: actor.userId, ip: actor.ip, requestId: actor.requestId };
    case "reported": {
      const { actorType, actorId, ip, requestId } = actor;
      return { actorType, actorId, ip, requestId };
    }
    case "system":
      return { actorType: "system", actorId: actor.name, ip: null, requestId: null };
    default: {
      const unhandled: never = actor;
      throw new TypeError(`unhandled actor ${String(unhandled)}`);
    }
  }
}
