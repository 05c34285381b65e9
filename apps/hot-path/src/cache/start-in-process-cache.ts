import type { InProcessChanges } from "@leftrail/changes";
import { createEpochTable, createLocalEpochs } from "@leftrail/read-cache";
import { runCache, watchCache, type CacheSurroundings, type RunningCache } from "./run-cache.ts";

/** The cache of the reads where the relay runs in the same process: no Redis, one tier. */
export function startInProcessCache(
  options: CacheSurroundings & { readonly changes: InProcessChanges },
): RunningCache {
  const table = createEpochTable();
  options.changes.listen(table);
  return runCache(options, {
    table,
    feed: options.changes,
    shared: createLocalEpochs(),
    onEvent: watchCache(options),
  });
}
