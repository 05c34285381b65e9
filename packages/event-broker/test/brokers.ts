import { waitUntil, type TestRedis } from "@leftrail/testkit";
import { Redis } from "ioredis";
import {
  createInProcessEvents,
  createRedisHubs,
  createRedisPublisher,
  type BrokerEvent,
  type DrivenHubs,
  type EventPublisher,
  type HistoryLimits,
} from "../src/index.ts";
import type { Frame } from "./recorder.ts";

export interface BrokerOptions {
  readonly limits?: HistoryLimits;
  readonly ringsBytesMax?: number;
  /** Only when the test says so. */
  readonly ticksByHand?: boolean;
}

/** One process's end of a broker, with what it counted. */
export interface View {
  readonly hubs: DrivenHubs<Frame>;
  readonly events: readonly BrokerEvent[];
  count(kind: BrokerEvent["kind"]): number;
}

/** A broker of one test. Other organizations are nobody's concern: its Redis may be shared. */
export interface Broker extends AsyncDisposable, View {
  readonly publisher: EventPublisher;
  /** Lets time pass for the hubs, and the histories where the broker has a clock of its own. */
  skip(ms: number): void;
  /** What another process sees. */
  openView(): Promise<View>;
  /** What can happen to it; undefined where nothing can. */
  readonly mishaps?: { loseConnections(): Promise<unknown>; loseEverything(): Promise<unknown> };
}

/** An implementation, and what it can't be asked to show, with the reason. */
export interface BrokerKind {
  readonly name: string;
  open(options?: BrokerOptions): Promise<Broker>;
  readonly cannot: { readonly moveItsClock?: string; readonly haveTwoViews?: string };
}

const encode = (event: Frame): Frame => event;

const viewOf = (hubs: DrivenHubs<Frame>, events: readonly BrokerEvent[]): View => ({
  hubs,
  events,
  count: (wanted) => events.filter(({ kind }) => kind === wanted).length,
});

export const inProcess: BrokerKind = {
  name: "in process",
  cannot: { haveTwoViews: "there is one process" },
  async open(options = {}) {
    const events: BrokerEvent[] = [];
    let nowMs = Date.UTC(2026, 2, 1);
    const onEvent = (event: BrokerEvent) => void events.push(event);
    const broker = createInProcessEvents<Frame>({ ...options, clock: () => nowMs, encode, onEvent });
    return {
      ...viewOf(broker, events),
      publisher: broker,
      skip: (ms) => void (nowMs += ms),
      openView: async () => viewOf(broker, events),
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
};

/** On a server that outlives the broker. */
export const onRedis = (server: () => Pick<TestRedis, "url">): BrokerKind => ({
  name: "on Redis",
  cannot: { moveItsClock: "histories are as old as Redis's clock says" },
  open: (options) => openRedisBroker(server().url, options),
});

export interface RedisBroker extends Broker {
  /** The hubs' two clients. */
  readonly redis: Redis;
  readonly subscriber: Redis;
  readonly publisherRedis: Redis;
  openView(): Promise<RedisView>;
}

export interface RedisView extends View {
  readonly redis: Redis;
  readonly subscriber: Redis;
}

/** A client as apps open them, but quicker to come back. */
export async function openClient(url: string, name = "test"): Promise<Redis> {
  const redis = new Redis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1_000,
    socketTimeout: 2_000,
    connectTimeout: 2_000,
    retryStrategy: () => 20,
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  });
  redis.on("error", () => undefined);
  await waitUntil(() => redis.status === "ready", { what: "Redis to be connected" });
  return redis;
}

export async function openRedisBroker(url: string, options: BrokerOptions = {}): Promise<RedisBroker> {
  const resources = new AsyncDisposableStack();
  let skippedMs = 0;
  const clock = () => performance.now() + skippedMs;
  const open = async (name: string) =>
    resources.adopt(await openClient(url, name), (redis) => redis.disconnect());

  const openViewWith = async (events: BrokerEvent[]): Promise<RedisView> => {
    const [redis, subscriber] = [await open("hubs"), await open("subscriber")];
    const onEvent = (event: BrokerEvent) => void events.push(event);
    const hubs = resources.use(
      createRedisHubs<Frame>({ ...options, redis, subscriber, clock, encode, onEvent }),
    );
    if (options.ticksByHand !== true) resources.use(hubs.start());
    return { ...viewOf(hubs, events), redis, subscriber };
  };

  const events: BrokerEvent[] = [];
  const publisherRedis = await open("publisher");
  const onEvent = (event: BrokerEvent) => void events.push(event);
  return {
    ...(await openViewWith(events)),
    publisherRedis,
    publisher: createRedisPublisher({ ...options, redis: publisherRedis, onEvent }),
    skip: (ms) => void (skippedMs += ms),
    openView: () => openViewWith([]),
    mishaps: {
      loseConnections: () => publisherRedis.call("CLIENT", "KILL", "TYPE", "pubsub"),
      loseEverything: () => publisherRedis.flushall(),
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
