import { featuresRead } from "@leftrail/cache-keys";
import { createRedisBus, createRedisTail, createRelay } from "@leftrail/changes";
import { builtInRules, decideFeatures } from "@leftrail/features";
import { createEpochTable, createReadCache, createRedisTier } from "@leftrail/read-cache";
import { openRedis } from "@leftrail/service";
import { openPostgresReadStore, type Store, type SidebarReads } from "@leftrail/store";

const logger = { info: () => undefined, warn: () => undefined };

/** The features of a member as text, or null where there is nothing for them. */
export async function featuresOf(
  sidebar: Pick<SidebarReads, "featureSources">,
  organizationId: string,
  userId: string,
): Promise<{ readonly text: string | null; readonly endsInMs: number | null }> {
  const sources = await sidebar.featureSources(organizationId, userId);
  if (sources === undefined) return { text: null, endsInMs: null };
  const { enabled } = decideFeatures({ ...sources, isInternal: false, rules: builtInRules });
  return { text: enabled.join(" "), endsInMs: sources.endsInMs };
}

/** A hot path's cache in this process: with its own connections and its own idea of the time. */
export function openCacheInstance(databaseUrl: string, redisUrl: string, clockOffsetMs: number) {
  using starting = new DisposableStack();
  const clock = () => performance.now() + clockOffsetMs;
  const redis = starting.adopt(openRedis({ url: redisUrl, name: "test-instance", logger }), (it) =>
    it.disconnect(),
  );
  const store = openPostgresReadStore({
    url: databaseUrl,
    applicationName: "test-instance",
    queryTimeoutMs: 220,
    connectionsMax: 6,
  });
  const table = createEpochTable();
  const tail = createRedisTail({ redis, listener: table, clock });
  const shared = createRedisTier({ redis, trust: tail, build: "test", clock });
  const cache = createReadCache({
    table,
    feed: tail,
    shared,
    clock,
    outbox: store.read.outbox,
    ping: () => store.ping(),
  });
  starting.use(tail.start());
  starting.use(cache.start());
  const resources = starting.move();
  return {
    async features(organizationId: string, userId: string) {
      const read = featuresRead(organizationId, userId);
      const hit = cache.hit(read.key, "");
      const answer =
        hit === undefined
          ? await cache.read({
              read,
              variant: "",
              async load() {
                const { text, endsInMs } = await featuresOf(store.read.sidebar, organizationId, userId);
                return text === null ? { kind: "absent" } : { kind: "found", body: text, endsInMs };
              },
            })
          : { ...hit, tier: "l1" as const };
      const text = answer.kind === "absent" ? null : answer.body;
      return { text, tier: answer.tier };
    },
    async [Symbol.asyncDispose]() {
      resources.dispose();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** A control plane's relay in this process, over connections of its own. */
export function openRelay(store: Store, redisUrl: string) {
  const redis = openRedis({ url: redisUrl, name: "test-relay", commandTimeoutMs: 500, logger });
  const running = createRelay({
    outbox: store.outbox,
    bus: createRedisBus(redis),
    clock: () => performance.now(),
  }).start();
  return {
    async [Symbol.asyncDispose]() {
      redis.disconnect();
      await running[Symbol.asyncDispose]();
    },
  };
}
