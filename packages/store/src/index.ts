export type { Actor } from "./actor.ts";
export type { AuditVerification } from "./audit-verification.ts";
export { demoUsers, seedDemoData } from "./demo/demo-data.ts";
export {
  createKeyRing,
  developmentKeyRing,
  holdsDevelopmentKey,
  parseKeyRing,
  type KeyRing,
} from "./key-ring.ts";
export { openMemoryStore } from "./memory/memory-store.ts";
export { openPostgresReadStore, type PostgresReadOptions } from "./postgres/postgres-read-store.ts";
export { openPostgresStore } from "./postgres/postgres-store.ts";
export { migrate } from "./postgres/migrate.ts";
export type * from "./records.ts";
export type {
  ExplainableSources,
  FeatureSources,
  SidebarOrganization,
  SidebarProduct,
  SidebarProducts,
  SidebarReads,
} from "./sidebar.ts";
export type { KeyForVerification } from "./port/api-keys.ts";
export type { AuditFilters, NewAuditEntry } from "./port/audit.ts";
export type { IdempotencyClaim } from "./port/idempotency.ts";
export type { AnnouncedReason, Announcement } from "./port/announcements.ts";
export type { Outbox, OutboxLease, OutboxLook, OutboxReads, OutboxRow, RelayMark } from "./port/outbox.ts";
export type { Change, Reads, ReadStore, Store } from "./store.ts";
