import { createEpochTable } from "@leftrail/read-cache";
import { runCache, watchCache, type CacheSurroundings, type RunningCache } from "./run-cache.ts";

/**
 * In the place of a cache where nobody says what changed: the database is asked every time, still in turns and
 * once for all who ask the same at once, and nothing outlives its answer.
 */
export function startNoCache(options: CacheSurroundings): RunningCache {
  return runCache(options, {
    table: createEpochTable(),
    feed: { provenAtMs: () => Number.NEGATIVE_INFINITY, hasHeard: () => false },
    shared: {
      isUsable: () => false,
      read: () => Promise.reject(unheard()),
      write: () => undefined,
    },
    // A look at the outbox proves nothing: others take its rows away before they could be seen here.
    outbox: { look: () => Promise.reject(unheard()) },
    localBytesMax: 1,
    onEvent: watchCache(options),
  });
}

const unheard = (): Error => new Error("nobody says here what changed");
