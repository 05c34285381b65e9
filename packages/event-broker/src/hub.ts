import { idOf, type Point } from "./event-id.ts";
import type { BrokerEvent, Gap, HubEvent, Start, Subscriber } from "./ports.ts";
import type { Resumption, Ring, RingEntry } from "./ring.ts";

/**
 * A ring with those who are told of what comes: all of them always stand at the ring's position. What a
 * subscriber does while it is called can't change who is told what, nor in which order.
 */
export interface Hub<Frame> {
  readonly ring: Ring<Frame>;
  readonly subscriberCount: number;
  /** Begins a subscriber at once; undefined when its id is higher than the position and the caller would rather wait. */
  join(
    after: string | undefined,
    subscriber: Subscriber<Frame>,
    ahead: "gap" | "wait",
  ): Disposable | undefined;
  /** Goes on by one event, and tells everybody. */
  accept(entry: RingEntry<Frame>): void;
  /** Something between the position and this later point is lost. */
  lose(reason: Gap["reason"], resumedFrom: Point): void;
}

export interface HubOptions<Frame> {
  readonly ring: Ring<Frame>;
  /** In milliseconds; for how long things take, and how old events in the ring are. */
  readonly clock: () => number;
  readonly onEvent: (event: BrokerEvent) => void;
}

export function createHub<Frame>({ ring, clock, onEvent }: HubOptions<Frame>): Hub<Frame> {
  const subscriptions = new Set<Subscription<Frame>>();
  const waiting: Delivery<Frame>[] = [];
  let deliveries = 0;
  let isCalling = false;

  /** Whatever is to be told while somebody is being called comes after it. */
  function inTurn(call: () => void): void {
    if (isCalling) {
      call();
      return;
    }
    isCalling = true;
    try {
      call();
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) fanOut(next);
    } finally {
      isCalling = false;
    }
  }

  function deliver(what: HubEvent<Frame> | Gap): void {
    waiting.push({ what, number: ++deliveries });
    if (!isCalling) inTurn(() => {});
  }

  function fanOut({ what, number }: Delivery<Frame>): void {
    const beganMs = clock();
    const subscribers = subscriptions.size;
    if ("reason" in what) tellAll(number, (subscriber) => subscriber.gap(what));
    else tellAll(number, (subscriber) => subscriber.event(what));
    if (subscribers === 0) return;
    if ("reason" in what) onEvent({ kind: "gap", reason: what.reason, subscribers });
    else onEvent({ kind: "received", subscribers, fanOutMs: clock() - beganMs });
  }

  /** A Set shows those who joined meanwhile, too: what they began with has this already. */
  function tellAll(number: number, tell: (subscriber: Subscriber<Frame>) => void): void {
    for (const { subscriber, joinedAt } of subscriptions) {
      if (joinedAt >= number) continue;
      try {
        tell(subscriber);
      } catch (error) {
        onEvent({ kind: "failed", error });
      }
    }
  }

  function begin(subscriber: Subscriber<Frame>, start: Start<Frame>): Disposable {
    const subscription = { subscriber, joinedAt: deliveries };
    subscriptions.add(subscription);
    if (start.gap !== undefined) onEvent({ kind: "gap", reason: start.gap.reason, subscribers: 1 });
    if (start.replay.length > 0) onEvent({ kind: "replayed", events: start.replay.length });
    inTurn(() => {
      try {
        subscriber.begin(start);
      } catch (error) {
        onEvent({ kind: "failed", error });
      }
    });
    return { [Symbol.dispose]: () => void subscriptions.delete(subscription) };
  }

  return {
    ring,
    get subscriberCount() {
      return subscriptions.size;
    },
    join(after, subscriber, ahead) {
      ring.expire(clock());
      const resumption = after === undefined ? nothing : ring.resume(after);
      if (resumption.kind === "ahead" && ahead === "wait") return undefined;
      return begin(subscriber, startOf(resumption, after, ring.positionId));
    },
    accept(entry) {
      ring.expire(clock());
      ring.append(entry);
      deliver(entry);
    },
    lose(reason, resumedFrom) {
      const requested = ring.positionId;
      ring.reset(resumedFrom);
      deliver({ reason, requested, resumedFrom: idOf(resumedFrom) });
    },
  };
}

interface Subscription<Frame> {
  readonly subscriber: Subscriber<Frame>;
  /** The number of what had been delivered before it. */
  readonly joinedAt: number;
}

interface Delivery<Frame> {
  readonly what: HubEvent<Frame> | Gap;
  readonly number: number;
}

const nothing = { kind: "replay", events: [] } as const;

function startOf<Frame>(
  resumption: Resumption<Frame>,
  after: string | undefined,
  positionId: string,
): Start<Frame> {
  if (resumption.kind === "replay") {
    return { position: after ?? positionId, gap: undefined, replay: resumption.events };
  }
  const reason = resumption.kind === "ahead" ? "unknown" : resumption.reason;
  const gap = { reason, requested: after ?? positionId, resumedFrom: positionId };
  return { position: positionId, gap, replay: [] };
}
