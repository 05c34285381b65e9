export { claimFolder } from "./claim-folder.ts";
export { startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";
export * from "./issuer.ts";
export { findPostgresBinaries } from "./postgres-binaries.ts";
export {
  createTemplate,
  createTestDatabase,
  startTestPostgres,
  type DatabaseTemplate,
  type TestDatabase,
} from "./test-postgres.ts";
export { startTestRedis, type TestRedis } from "./test-redis.ts";
