import { allScope, epochKey, type Scope } from "@leftrail/cache-keys";
import { startTestRedis, waitUntil } from "@leftrail/testkit";
import { Redis } from "ioredis";
import { createRedisBus } from "../src/redis-bus.ts";
import { createRedisTail, type TailEvent } from "../src/redis-tail.ts";

const connect = async (url: string): Promise<Redis> => {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    socketTimeout: 500,
    retryStrategy: () => 20,
  });
  redis.on("error", () => undefined);
  await waitUntil(() => redis.status === "ready", { what: "Redis to be connected" });
  return redis;
};

/** A Redis with a relay's end and an instance's end of the bus, each over a connection of its own. */
export async function openRedisEnds() {
  const resources = new AsyncDisposableStack();
  const server = resources.use(await startTestRedis());
  const open = async () => resources.adopt(await connect(server.url), (redis) => redis.disconnect());
  const relayRedis = await open();
  const bus = createRedisBus(relayRedis);

  const openTail = async (clock: () => number = () => performance.now()) => {
    const redis = await open();
    const heard: (readonly Scope[] | "all")[] = [];
    const events: TailEvent[] = [];
    const tail = createRedisTail({
      redis,
      clock,
      listener: { forget: (scopes) => heard.push(scopes), forgetAll: () => heard.push("all") },
      onEvent: (event) => events.push(event),
    });
    return {
      redis,
      tail,
      heard,
      events,
      gaps: () => events.flatMap((e) => (e.kind === "gap" ? e.reason : [])),
    };
  };

  return {
    server,
    bus,
    relayRedis,
    open,
    openTail,
    /** One pass of a relay that finds nothing. */
    beat: async () => bus.beat(await bus.now()),
    epochOfAll: () => relayRedis.get(epochKey(allScope)),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Polls until nothing new comes. */
export const catchUp = async (tail: { poll(): Promise<boolean> }): Promise<void> => {
  await tail.poll();
  await tail.poll();
};
