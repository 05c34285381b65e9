export { claimFolder } from "./claim-folder.ts";
export { startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";
export { startFaultProxy, type Fault, type FaultProxy } from "./fault-proxy.ts";
export * from "./issuer.ts";
export { startOwnPostgres, type OwnPostgres } from "./own-postgres.ts";
export { findPostgresBinaries } from "./postgres-binaries.ts";
export { createSseParser, openSse, type SseEvent, type SseParser, type SseReader } from "./sse-reader.ts";
export { startReverseProxy, type ProxiedRequest, type ReverseProxy } from "./reverse-proxy.ts";
export {
  startService,
  type ServiceExit,
  type ServiceOptions,
  type ServiceProcess,
} from "./service-process.ts";
export {
  createTemplate,
  createTestDatabase,
  startTestPostgres,
  type DatabaseTemplate,
  type TestDatabase,
} from "./test-postgres.ts";
export { startTestRedis, type RedisSnapshot, type TestRedis } from "./test-redis.ts";
export { waitUntil, type WaitOptions } from "./wait-until.ts";
