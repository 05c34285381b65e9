import type { Principal } from "@leftrail/auth";
import type { FeatureRules } from "@leftrail/features";
import type { Actor, Store, Viewer } from "@leftrail/store";
import type { KeyServices } from "../api-keys/key-services.ts";
import type { CursorCodec } from "../http/cursor.ts";

/** Who calls, with what the audit trail wants to know of the call. */
interface Caller {
  /** The user's id; whose idempotency keys these are. */
  readonly id: string;
  readonly principal: Principal;
  readonly requestId: string;
  readonly ip: string | null;
}

/** What a verb works with: the app's dependencies and this request's caller. */
export interface Context {
  readonly store: Store;
  readonly rules: FeatureRules;
  readonly cursors: CursorCodec;
  readonly keys: KeyServices;
  readonly caller: Caller;
  /** A new UUIDv7. */
  readonly newId: () => string;
}

export const actorOf = ({ caller }: Context): Actor => ({
  type: "user",
  userId: caller.principal.userId,
  requestId: caller.requestId,
  ip: caller.ip,
});

export const viewerOf = ({ caller: { principal } }: Context): Viewer => ({
  userId: principal.userId,
  isPlatformAdmin: principal.isPlatformAdmin,
});
