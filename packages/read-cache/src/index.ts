export type { CacheEvent } from "./cache-event.ts";
export type { ChangeFeed, Found, Loaded, ReadAnswer, ReadRequest, SharedTier, Tier } from "./ports.ts";
export { foundOf } from "./found.ts";
export { databaseTimeoutMs } from "./limits.ts";
export { createEpochTable, type EpochTable } from "./epoch-table.ts";
export { createReadCache, type ReadCache, type ReadCacheOptions } from "./read-cache.ts";
export { createRedisTier } from "./redis-tier.ts";
export { createLocalEpochs } from "./local-epochs.ts";
export { localBytesMax } from "./local-tier.ts";
