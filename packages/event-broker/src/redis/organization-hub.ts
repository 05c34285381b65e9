import { toPublished } from "../envelope.ts";
import { comparePoints, isNext, pointBefore, type Point } from "../event-id.ts";
import { createHub, type Hub } from "../hub.ts";
import { heldMessagesMax, type HistoryLimits } from "../limits.ts";
import type { BrokerEvent, PublishedEvent, Subscriber } from "../ports.ts";
import { createRing } from "../ring.ts";
import type { RingBudget } from "../ring-budget.ts";
import type { HistoryReading } from "./history-reader.ts";
import type { LoggedEvent } from "./logged-event.ts";

/**
 * An organization's hub over Redis: what it has heard, and whether the history must be read for it to go on.
 * It does no I/O: who drives it reads, between `beginRead` and `endRead`, while `needsRead`.
 */
export interface OrganizationHub<Frame> {
  readonly organizationId: string;
  readonly channel: string;
  /** Undefined before the first reading. */
  readonly position: Point | undefined;
  readonly positionId: string | undefined;
  /** Something is missing, or somebody waits for what may be. */
  readonly needsRead: boolean;
  readonly subscriberCount: number;
  attach(after: string | undefined, subscriber: Subscriber<Frame>): Disposable;
  receive(message: LoggedEvent): void;
  /** Its head in Redis is not where it should be. */
  suspect(): void;
  /** From here on messages wait. */
  beginRead(): void;
  /** Undefined: it failed. */
  endRead(reading: HistoryReading | undefined): void;
  expire(nowMs: number): void;
  release(): void;
}

export interface OrganizationHubOptions<Frame> {
  readonly organizationId: string;
  readonly channel: string;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  readonly encode: (event: PublishedEvent) => Frame;
  readonly onEvent: (event: BrokerEvent) => void;
  readonly limits: HistoryLimits;
  readonly budget: RingBudget;
}

export function createOrganizationHub<Frame>(options: OrganizationHubOptions<Frame>): OrganizationHub<Frame> {
  const { clock, encode, onEvent, limits, budget } = options;
  const waiters = new Set<Waiter<Frame>>();
  let hub: Hub<Frame> | undefined;
  let needsRead = true;
  let isReading = false;
  let readsBegun = 0;
  let held: LoggedEvent[] = [];

  function openHub({ head, entries }: HistoryReading): Hub<Frame> {
    const first = entries[0];
    const position = first === undefined ? head : pointBefore(first.point);
    return createHub({ ring: createRing<Frame>({ limits, budget, position }), clock, onEvent });
  }

  /** Everything that the reading has after the position, and gaps for what it should have. */
  function catchUp(live: Hub<Frame>, { head, nowMs, entries }: HistoryReading): void {
    const readMs = clock();
    for (const logged of entries) {
      if (comparePoints(logged.point, live.ring.position) <= 0) continue;
      if (!isNext(logged.point, live.ring.position)) loseUntil(live, pointBefore(logged.point));
      accept(live, logged, readMs - Math.max(0, nowMs - logged.atMs));
    }
    if (comparePoints(head, live.ring.position) > 0) loseUntil(live, head);
  }

  /** Within one epoch what is missing is no longer held; across epochs it may never have been. */
  function loseUntil(live: Hub<Frame>, point: Point): void {
    live.lose(point.epoch === live.ring.position.epoch ? "expired" : "unknown", point);
  }

  function accept(live: Hub<Frame>, logged: LoggedEvent, atMs: number): void {
    const { id, point, type, body } = logged;
    const frame = frameOf(logged);
    if (frame === undefined) live.lose("unknown", point);
    else live.accept({ id, type, frame: frame.frame, point, bytes: Buffer.byteLength(body), atMs });
  }

  function frameOf({ id, type, body }: LoggedEvent): { readonly frame: Frame } | undefined {
    try {
      return { frame: encode(toPublished(id, type, body)) };
    } catch (error) {
      onEvent({ kind: "failed", error });
      return undefined;
    }
  }

  function hear(live: Hub<Frame>, message: LoggedEvent): void {
    if (comparePoints(message.point, live.ring.position) <= 0) return;
    if (!isNext(message.point, live.ring.position)) {
      needsRead = true;
      return;
    }
    accept(live, message, clock());
    if (waiters.size > 0) beginWaiters(live);
  }

  /** Begins those who need not wait any longer; the last reading answers for those who waited when it began. */
  function beginWaiters(live: Hub<Frame>, reading = 0): void {
    for (const waiter of waiters) {
      const joined = live.join(waiter.after, waiter.subscriber, waiter.readsSeen < reading ? "gap" : "wait");
      if (joined === undefined) continue;
      waiters.delete(waiter);
      waiter.joined = joined;
      if (waiter.isDetached) joined[Symbol.dispose]();
    }
  }

  return {
    organizationId: options.organizationId,
    channel: options.channel,
    get position() {
      return hub?.ring.position;
    },
    get positionId() {
      return hub?.ring.positionId;
    },
    get needsRead() {
      return needsRead;
    },
    get subscriberCount() {
      return waiters.size + (hub?.subscriberCount ?? 0);
    },

    attach(after, subscriber) {
      const joined = hub?.join(after, subscriber, "wait");
      if (joined !== undefined) return joined;
      const waiter: Waiter<Frame> = {
        after,
        subscriber,
        readsSeen: readsBegun,
        joined: undefined,
        isDetached: false,
      };
      waiters.add(waiter);
      needsRead ||= !isReading;
      return {
        [Symbol.dispose]() {
          waiter.isDetached = true;
          waiters.delete(waiter);
          waiter.joined?.[Symbol.dispose]();
        },
      };
    },

    receive(message) {
      if (isReading) {
        if (held.length < heldMessagesMax) held.push(message);
        else needsRead = true;
      } else if (hub !== undefined) hear(hub, message);
      // Else the reading to come has it.
    },

    suspect() {
      needsRead = true;
    },

    beginRead() {
      isReading = true;
      needsRead = false;
      readsBegun++;
    },

    endRead(reading) {
      isReading = false;
      const messages = held;
      held = [];
      if (reading === undefined) needsRead = true;
      else {
        hub ??= openHub(reading);
        catchUp(hub, reading);
        beginWaiters(hub, readsBegun);
      }
      for (const message of messages) if (hub !== undefined) hear(hub, message);
      needsRead ||= waiters.size > 0;
    },

    expire(nowMs) {
      hub?.ring.expire(nowMs);
    },
    release() {
      hub?.ring.release();
    },
  };
}

/** Who has attached and could not begin yet. */
interface Waiter<Frame> {
  readonly after: string | undefined;
  readonly subscriber: Subscriber<Frame>;
  /** The readings that had begun before it came: they need not have what its id stands for. */
  readonly readsSeen: number;
  joined: Disposable | undefined;
  isDetached: boolean;
}
