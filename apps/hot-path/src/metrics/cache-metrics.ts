import type { CacheEvent } from "@leftrail/read-cache";
import { metricPrefix } from "@leftrail/service";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const fillBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3];

/** What an operator must know of the cache's work; takes its events. */
export function createCacheMetrics(registry: Registry): (event: CacheEvent) => void {
  const registers = [registry];
  const refused = new Counter({
    name: `${metricPrefix}cache_refused_total`,
    help: "Entries of Redis that were not served, by reason: stamp (invalidated), corrupt or foreign.",
    labelNames: ["reason"],
    registers,
  });
  const joins = new Counter({
    name: `${metricPrefix}cache_joins_total`,
    help: "Reads that shared a read of the database that somebody else began.",
    registers,
  });
  const overtaken = new Counter({
    name: `${metricPrefix}cache_overtaken_total`,
    help: "Reads that began anew, for an invalidation was heard meanwhile.",
    registers,
  });
  const fillSeconds = new Histogram({
    name: `${metricPrefix}cache_fill_seconds`,
    help: "Seconds that the database took for a read, waiting for a turn not counted.",
    buckets: fillBucketsSeconds,
    registers,
  });
  const redisFailures = new Counter({
    name: `${metricPrefix}cache_redis_failures_total`,
    help: "Commands of reads that Redis did not answer in time, by operation: read or write.",
    labelNames: ["operation"],
    registers,
  });
  const looks = new Counter({
    name: `${metricPrefix}outbox_looks_total`,
    help: "Own looks at the outbox, taken while the relay is silent.",
    registers,
  });
  const databaseUp = new Gauge({
    name: `${metricPrefix}database_up`,
    help: "1 while the database answers; 0 while only kept answers are given.",
    registers,
  });
  databaseUp.set(1);

  return (event) => {
    switch (event.kind) {
      case "refused":
        refused.inc({ reason: "stamp" });
        return;
      case "corrupt":
      case "foreign":
        refused.inc({ reason: event.kind });
        return;
      case "joined":
        joins.inc();
        return;
      case "overtaken":
        overtaken.inc();
        return;
      case "filled":
        fillSeconds.observe(event.durationMs / 1000);
        return;
      case "shared_failed":
        redisFailures.inc({ operation: event.operation });
        return;
      case "looked":
        looks.inc();
        return;
      case "database_state":
        databaseUp.set(event.isUp ? 1 : 0);
        return;
      default: {
        const unhandled: never = event;
        throw new TypeError(`unhandled event ${JSON.stringify(unhandled)}`);
      }
    }
  };
}
