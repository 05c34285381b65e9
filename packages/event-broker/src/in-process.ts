import { composeBody, toPublished } from "./envelope.ts";
import { createEventKeys } from "./event-keys.ts";
import { idOf, type Point } from "./event-id.ts";
import { createHub, type Hub } from "./hub.ts";
import {
  headTtlMs,
  historyLimits,
  historySlackMs,
  hubLingerMs,
  ringsBytesMax,
  type HistoryLimits,
} from "./limits.ts";
import type { BrokerEvent, DrivenHubs, EventPublisher, NewEvent, PublishedEvent } from "./ports.ts";
import { createRing } from "./ring.ts";
import { createRingBudget } from "./ring-budget.ts";
import { tickUntilDisposed } from "./tick-until-disposed.ts";

export interface InProcessEventsOptions<Frame> {
  /** In milliseconds since 1970. */
  readonly clock: () => number;
  /** What subscribers are given of an event, made once for all; what it throws, publishing throws. */
  readonly encode: (event: PublishedEvent) => Frame;
  /** Called synchronously; must be quick and must not throw. */
  readonly onEvent?: (event: BrokerEvent) => void;
  readonly limits?: HistoryLimits;
  readonly ringsBytesMax?: number;
}

/** Both ends in one process: a hub's ring is the history itself, so nothing is ever lost or late. */
export type InProcessEvents<Frame> = EventPublisher & DrivenHubs<Frame>;

export function createInProcessEvents<Frame>(options: InProcessEventsOptions<Frame>): InProcessEvents<Frame> {
  const { clock, encode, onEvent = () => {}, limits = historyLimits } = options;
  const budget = createRingBudget(options.ringsBytesMax ?? ringsBytesMax);
  const keys = createEventKeys(clock);
  const histories = new Map<string, History<Frame>>();
  const listeners: ((text: string) => void)[] = [];
  let lastEpoch = 0;
  let isDisposed = false;

  /** Epochs of all organizations grow, also where the clock was put back or a history was let go. */
  function beginHistory(organizationId: string): History<Frame> {
    // In microseconds, as the epochs in Redis are.
    lastEpoch = Math.max(Math.floor(clock() * 1_000), lastEpoch + 1);
    const position: Point = { epoch: lastEpoch, seq: 0 };
    const ring = createRing<Frame>({ limits, budget, position });
    const history = {
      hub: createHub({ ring, clock, onEvent }),
      openUntilMs: 0,
      hubUntilMs: Number.NEGATIVE_INFINITY,
    };
    histories.set(organizationId, history);
    return history;
  }

  function open(organizationId: string): History<Frame> {
    const history = findOpen(organizationId) ?? beginHistory(organizationId);
    history.openUntilMs = clock() + headTtlMs;
    return history;
  }

  function findOpen(organizationId: string): History<Frame> | undefined {
    const history = histories.get(organizationId);
    if (history === undefined || isOpen(history)) return history;
    close(organizationId, history);
    return undefined;
  }

  const isOpen = ({ hub, openUntilMs }: History<Frame>): boolean =>
    hub.subscriberCount > 0 || openUntilMs > clock();

  function close(organizationId: string, { hub }: History<Frame>): void {
    hub.ring.release();
    histories.delete(organizationId);
  }

  function append(
    organizationId: string,
    event: NewEvent,
    history: () => History<Frame>,
  ): { readonly id: string } {
    const { type, eventKey } = event;
    const body = composeBody(organizationId, event);
    const known = eventKey === undefined ? undefined : keys.find(organizationId, eventKey);
    if (known !== undefined) {
      onEvent({ kind: "repeated" });
      return { id: known };
    }
    const { hub } = history();
    const { position } = hub.ring;
    const point = { epoch: position.epoch, seq: position.seq + 1 };
    const id = idOf(point);
    const frame = encode(toPublished(id, type, body.text));
    if (eventKey !== undefined) keys.keep(organizationId, eventKey, id);
    onEvent({ kind: "published" });
    hub.accept({ id, type, frame, point, bytes: body.bytes, atMs: clock() });
    return { id };
  }

  async function tick(): Promise<void> {
    const nowMs = clock();
    keys.expire();
    for (const [organizationId, history] of histories) {
      history.hub.ring.expire(nowMs);
      if (!isOpen(history)) close(organizationId, history);
    }
  }

  return {
    publish: async (organizationId, event) => append(organizationId, event, () => open(organizationId)),

    async publishIfOpen(organizationId, event) {
      const history = findOpen(organizationId);
      if (history === undefined) return undefined;
      history.openUntilMs = Math.max(history.openUntilMs, clock() + limits.ageMaxMs + historySlackMs);
      return append(organizationId, event, () => history);
    },

    attach(organizationId, after, subscriber) {
      if (isDisposed) return { [Symbol.dispose]: () => {} };
      const history = open(organizationId);
      const joined = history.hub.join(after, subscriber, "gap");
      let isAttached = true;
      return {
        [Symbol.dispose]() {
          if (!isAttached) return;
          isAttached = false;
          joined?.[Symbol.dispose]();
          history.openUntilMs = clock() + headTtlMs;
          history.hubUntilMs = clock() + hubLingerMs;
        },
      };
    },

    signal(organizationId, text) {
      // Later, as from another process: who is to hear of it may be about to attach.
      setImmediate(() => {
        if (!histories.has(organizationId)) return;
        for (const listener of listeners) listener(text);
      });
    },
    onSignal: (listener) => void listeners.push(listener),

    isLive: true,
    get hubCount() {
      const nowMs = clock();
      return [...histories.values()].filter(
        ({ hub, hubUntilMs }) => hub.subscriberCount > 0 || hubUntilMs > nowMs,
      ).length;
    },
    tick,
    start: () => tickUntilDisposed(tick),
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      for (const [organizationId, history] of histories) close(organizationId, history);
    },
  };
}

interface History<Frame> {
  readonly hub: Hub<Frame>;
  /** Unless somebody looks at it. */
  openUntilMs: number;
  hubUntilMs: number;
}
