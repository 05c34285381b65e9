import { createRedisTail } from "@leftrail/changes";
import type { FeatureRules } from "@leftrail/features";
import { createEpochTable, createRedisTier } from "@leftrail/read-cache";
import type { openRedis } from "@leftrail/service";
import { createChangeMetrics } from "../metrics/change-metrics.ts";
import { buildOf } from "./build-of.ts";
import { runCache, watchCache, type CacheSurroundings, type RunningCache } from "./run-cache.ts";

/** The cache of the reads with its second tier in Redis, where the relay of the control plane says what changed. */
export function startRedisCache(
  options: CacheSurroundings & {
    /** A client whose commands fail instead of waiting for a connection. */
    readonly redis: ReturnType<typeof openRedis>;
    readonly rules: FeatureRules;
  },
): RunningCache {
  const { redis, rules, clock, registry, logger } = options;
  const table = createEpochTable();
  const onEvent = watchCache(options);
  const countChange = createChangeMetrics(registry);
  const tail = createRedisTail({
    redis,
    listener: table,
    clock,
    onEvent: (event) => {
      countChange(event);
      if (event.kind === "gap") logger.info({ reason: event.reason }, "changes may have been missed");
    },
  });
  const shared = createRedisTier({ redis, trust: tail, build: buildOf(rules), clock, onEvent });
  using starting = new DisposableStack();
  starting.use(tail.start());
  const parts = starting.use(runCache(options, { table, feed: tail, shared, onEvent }));
  const running = starting.move();
  return { ...parts, [Symbol.dispose]: () => running.dispose() };
}
