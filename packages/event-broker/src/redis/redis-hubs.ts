import { eventChannel } from "@leftrail/cache-keys";
import pLimit from "p-limit";
import type { Redis } from "ioredis";
import {
  channelsPerSubscribeMax,
  historyLimits,
  readsMax,
  retryDelayMs,
  ringsBytesMax,
  type HistoryLimits,
} from "../limits.ts";
import type { BrokerEvent, DrivenHubs, PublishedEvent } from "../ports.ts";
import { createRingBudget } from "../ring-budget.ts";
import { tickUntilDisposed } from "../tick-until-disposed.ts";
import { createGreatestEpoch } from "./greatest-epoch.ts";
import { chunksOf, createHeadChecks } from "./head-checks.ts";
import { readHistory } from "./history-reader.ts";
import { decodeMessage } from "./logged-event.ts";
import { createOrganizationHub } from "./organization-hub.ts";
import { createSubscriberLink } from "./subscriber-link.ts";
import { createWatchedHubs, type WatchedHub } from "./watched-hubs.ts";

export interface RedisHubsOptions<Frame> {
  /** Reads histories: a client whose commands fail instead of waiting, for a connection or for longer than a second. */
  readonly redis: Redis;
  /** A second connection to the same Redis, used by nobody else. */
  readonly subscriber: Redis;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** What subscribers are given of an event, made once for all. An event for which it throws is a gap. */
  readonly encode: (event: PublishedEvent) => Frame;
  /** Called synchronously; must be quick and must not throw. */
  readonly onEvent?: (event: BrokerEvent) => void;
  readonly limits?: HistoryLimits;
  readonly ringsBytesMax?: number;
}

/** What begins a message that is no event: ids are numbers. */
const signalMark = "!";

/**
 * Hubs over Redis, with two connections for however many organizations. A hub subscribes first and reads
 * second; from there on messages carry it, and whatever they leave out is read.
 */
export function createRedisHubs<Frame>(options: RedisHubsOptions<Frame>): DrivenHubs<Frame> {
  const { redis, subscriber, clock, encode, onEvent = () => {}, limits = historyLimits } = options;
  const budget = createRingBudget(options.ringsBytesMax ?? ringsBytesMax);
  const epochs = createGreatestEpoch();
  const inTurn = pLimit(readsMax);
  const hubs = createWatchedHubs<Frame>(clock, (organizationId, channel) =>
    createOrganizationHub({ organizationId, channel, clock, encode, onEvent, limits, budget }),
  );
  const checks = createHeadChecks({ redis, hubs, clock, advance });
  const link = createSubscriberLink({
    subscriber,
    clock,
    onConnected: () => void synchronise(),
    onLost: () => setLive(false),
    onMessage,
  });
  const listeners: ((text: string) => void)[] = [];
  let isLive = link.connection !== undefined;
  let synchronising: { readonly connection: number; readonly done: Promise<void> } | undefined;
  let synchroniseAtMs = Number.NEGATIVE_INFINITY;
  let isDisposed = false;

  function onMessage(channel: string, text: string): void {
    const watched = hubs.find(channel);
    if (watched === undefined) {
      link.unsubscribe([channel]);
      return;
    }
    if (text.startsWith(signalMark)) {
      for (const listener of listeners) listener(text.slice(signalMark.length));
      return;
    }
    const message = decodeMessage(text);
    if (message === undefined) {
      onEvent({ kind: "failed", error: new TypeError("a message on an organization's channel is no event") });
      return;
    }
    epochs.see(message.point.epoch);
    const before = watched.hub.positionId;
    watched.hub.receive(message);
    if (watched.hub.positionId !== before) watched.heardAtMs = clock();
    if (watched.hub.needsRead) void advance(watched);
  }

  /** Brings a hub to its head, if it has to be brought there. Never rejects. */
  function advance(watched: WatchedHub<Frame>): Promise<void> {
    if (clock() < watched.retryAtMs) return Promise.resolve();
    watched.advancing ??= readWhileNeeded(watched).finally(() => (watched.advancing = undefined));
    return watched.advancing;
  }

  async function readWhileNeeded(watched: WatchedHub<Frame>): Promise<void> {
    const { hub } = watched;
    try {
      while (hub.needsRead && hubs.has(watched) && redis.status === "ready") {
        const { connection } = link;
        if (connection === undefined) return;
        if (watched.subscribedOn === connection) await inTurn(() => readOnce(watched));
        else {
          await link.subscribe([hub.channel]);
          watched.subscribedOn = connection;
        }
      }
    } catch (error) {
      watched.retryAtMs = clock() + retryDelayMs;
      onEvent({ kind: "failed", error });
    }
  }

  async function readOnce(watched: WatchedHub<Frame>): Promise<void> {
    const { hub } = watched;
    // Its turn may have come late.
    if (!hubs.has(watched)) return;
    const beganMs = clock();
    hub.beginRead();
    try {
      const reading = await readHistory(redis, hub.organizationId, hub.position, epochs.next);
      if (isDisposed) return;
      epochs.see(reading.head.epoch);
      onEvent({ kind: "history_read", events: reading.entries.length, durationMs: clock() - beganMs });
      hub.endRead(reading);
    } catch (error) {
      hub.endRead(undefined);
      throw error;
    }
  }

  function setLive(now: boolean): void {
    if (isLive === now) return;
    isLive = now;
    onEvent({ kind: "state", isLive });
  }

  /** After a connection was lost: subscribes anew, then looks what every hub has missed. Never rejects. */
  function synchronise(): Promise<void> {
    const { connection } = link;
    if (connection === undefined) return Promise.resolve();
    if (synchronising?.connection === connection) return synchronising.done;
    // What is under way for a connection before this one keeps nobody waiting.
    const done = synchroniseOver(connection).finally(() => {
      if (synchronising?.connection === connection) synchronising = undefined;
    });
    synchronising = { connection, done };
    return done;
  }

  async function synchroniseOver(connection: number): Promise<void> {
    try {
      await resubscribe(connection);
      await checks.compare([...hubs]);
      if (link.connection === connection && !isDisposed) setLive(true);
    } catch (error) {
      synchroniseAtMs = clock() + retryDelayMs;
      onEvent({ kind: "failed", error });
    }
  }

  async function resubscribe(connection: number): Promise<void> {
    for (const some of chunksOf([...hubs], channelsPerSubscribeMax)) {
      await link.subscribe(some.map(({ hub }) => hub.channel));
      for (const watched of some) watched.subscribedOn = connection;
    }
  }

  async function compareSilent(nowMs: number): Promise<void> {
    try {
      await checks.compareSilent(nowMs);
    } catch (error) {
      onEvent({ kind: "failed", error });
    }
  }

  async function tick(): Promise<void> {
    if (isDisposed) return;
    const nowMs = clock();
    link.tick(nowMs);
    const idle = hubs.removeIdle(nowMs);
    if (idle.length > 0) link.unsubscribe(idle.map(({ hub }) => hub.channel));
    for (const { hub } of hubs) hub.expire(nowMs);
    const advancing = Array.from(hubs).filter(({ hub }) => hub.needsRead);
    const isSynchronising = !isLive && nowMs >= synchroniseAtMs;
    await Promise.all([
      ...advancing.map(advance),
      isLive ? compareSilent(nowMs) : undefined,
      isSynchronising ? synchronise() : undefined,
    ]);
  }

  return {
    attach(organizationId, after, subscriberOfHub) {
      if (isDisposed) return { [Symbol.dispose]: () => {} };
      const watched = hubs.findOrMake(organizationId);
      watched.idleSinceMs = undefined;
      const attached = watched.hub.attach(after, subscriberOfHub);
      if (watched.hub.needsRead) void advance(watched);
      return attached;
    },
    signal(organizationId, text) {
      const failed = (error: unknown) => onEvent({ kind: "failed", error });
      redis.publish(eventChannel(organizationId), signalMark + text).catch(failed);
    },
    onSignal: (listener) => void listeners.push(listener),
    get isLive() {
      return isLive;
    },
    get hubCount() {
      return hubs.size;
    },
    tick,
    start: () => tickUntilDisposed(tick),
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      link[Symbol.dispose]();
      const channels = Array.from(hubs, ({ hub }) => hub.channel);
      hubs.clear();
      if (channels.length > 0) link.unsubscribe(channels);
    },
  };
}
