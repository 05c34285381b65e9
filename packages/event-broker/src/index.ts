export { createInProcessEvents, type InProcessEvents, type InProcessEventsOptions } from "./in-process.ts";
export { historyLimits, hubLingerMs, ringsBytesMax, type HistoryLimits } from "./limits.ts";
export type * from "./ports.ts";
export { createRedisHubs, type RedisHubsOptions } from "./redis/redis-hubs.ts";
export { createRedisPublisher, type RedisPublisherOptions } from "./redis/redis-publisher.ts";
