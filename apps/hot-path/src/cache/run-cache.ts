import {
  createReadCache,
  type CacheEvent,
  type ReadCache,
  type ReadCacheOptions,
} from "@leftrail/read-cache";
import type { Logger } from "@leftrail/service";
import type { ReadStore } from "@leftrail/store";
import type { Registry } from "prom-client";
import { createCacheMetrics } from "../metrics/cache-metrics.ts";
import { showTiers } from "../metrics/tier-metrics.ts";
import { createUserChanges, type UserChanges } from "./user-changes.ts";

/** What every cache of the reads needs, wherever its changes come from. */
export interface CacheSurroundings {
  readonly store: Pick<ReadStore, "read" | "ping">;
  /** Monotonic, in milliseconds; that of the changes too. */
  readonly clock: () => number;
  readonly registry: Registry;
  readonly logger: Pick<Logger, "info" | "warn" | "debug">;
}

/** A cache at work until it is disposed of. */
export interface RunningCache extends Disposable {
  readonly cache: ReadCache;
  readonly userChanges: UserChanges;
}

/** Counts what a cache does, and logs what an operator should read of it. */
export function watchCache({
  registry,
  logger,
}: Pick<CacheSurroundings, "registry" | "logger">): (event: CacheEvent) => void {
  const count = createCacheMetrics(registry);
  return (event) => {
    count(event);
    if (event.kind === "shared_failed") {
      logger.debug({ err: event.error, operation: event.operation }, "Redis did not answer a read");
    } else if (event.kind === "database_state") {
      if (event.isUp) logger.info("the database answers again");
      else logger.warn("the database does not answer: only what is kept is served");
    }
  };
}

/** Starts a cache over its parts; registers its metrics, so once for a registry. */
export function runCache(
  { store, clock, registry }: CacheSurroundings,
  parts: Pick<ReadCacheOptions, "table" | "feed" | "shared"> &
    Partial<ReadCacheOptions> & { readonly onEvent: (event: CacheEvent) => void },
): RunningCache {
  const cache = createReadCache({
    outbox: store.read.outbox,
    ping: () => store.ping(),
    clock,
    ...parts,
  });
  showTiers(registry, { cache, shared: parts.shared, clock });
  const running = cache.start();
  const userChanges = createUserChanges(parts.table, cache);
  return { cache, userChanges, [Symbol.dispose]: () => running[Symbol.dispose]() };
}
