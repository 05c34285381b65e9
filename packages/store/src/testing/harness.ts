import { randomBytes } from "node:crypto";
import { toInstant, type Instant } from "@leftrail/contract";
import { createTestDatabase, type DatabaseTemplate } from "@leftrail/testkit";
import { createKeyRing, type KeyRing } from "../key-ring.ts";
import type { EntitlementRow, OverrideRow, Tables } from "../memory/tables.ts";
import { openMemoryStore } from "../memory/memory-store.ts";
import { createClient, type Sql } from "../postgres/client.ts";
import { openPostgresStore } from "../postgres/postgres-store.ts";
import type { StoredAuditHead } from "../port/audit.ts";
import type { AuditEntry, StripeProduct } from "../records.ts";
import type { Store } from "../store.ts";
import { dumpMemory, dumpPostgres, type StoreDump } from "./dump.ts";

/** One engine, made for one suite. */
export interface StoreHarness extends AsyncDisposable {
  readonly store: Store;
  readonly auditKeys: KeyRing;
  readonly arrange: Arrange;
  /** Every row, as plain data that is alike on both engines. */
  readonly dump: () => Promise<StoreDump>;
}

/** Rows that the port does not write: those of a Stripe sync or of somebody's SQL. */
interface Arrange {
  stripeProduct(row: StripeProduct): Promise<void>;
  linkStripeProduct(product: string, stripeProductId: string | null): Promise<void>;
  entitlement(row: EntitlementRow): Promise<void>;
  override(row: OverrideRow): Promise<void>;
  parent(tenantId: string, parentTenantId: string | null): Promise<void>;
  createdAt(tenantId: string, createdAt: Instant): Promise<void>;
  /** Puts these entries in the place of a tenant's trail, as somebody does who gets around the triggers. */
  trail(tenantRef: string, entries: readonly AuditEntry[]): Promise<void>;
  trailHead(tenantRef: string, head: StoredAuditHead | null): Promise<void>;
  /** Lets the day end for which answers are kept. */
  answersExpired(): Promise<void>;
  /** Takes away what waits for the relay. */
  relayed(): Promise<void>;
  /** Takes away every row but the catalog; no cache hears of it. */
  clear(): Promise<void>;
}

/** The memory engine; `clock` in epoch milliseconds. */
export async function memoryHarness(clock: () => number = Date.now): Promise<StoreHarness> {
  const auditKeys = randomKeyRing();
  const store = openMemoryStore({ auditKeys, clock });
  const write = (work: (tables: Tables) => void) => store.writeAsSqlClient(work);
  return {
    store,
    auditKeys,
    dump: async () => dumpMemory(store.tables),
    arrange: {
      stripeProduct: (row) => write(({ stripeProducts }) => stripeProducts.set(row.id, row)),
      linkStripeProduct: (product, stripeProductId) =>
        write(({ catalogProducts }) => replace(catalogProducts, product, { stripeProductId })),
      entitlement: (row) => write(({ entitlements }) => entitlements.set(row.id, row)),
      override: (row) => write(({ overrides }) => overrides.set(row.id, row)),
      parent: (tenantId, parentTenantId) =>
        write(({ tenants }) => replace(tenants, tenantId, { parentTenantId })),
      createdAt: (tenantId, createdAt) => write(({ tenants }) => replace(tenants, tenantId, { createdAt })),
      async trail(tenantRef, entries) {
        for (const { id } of [...store.tables.auditLog.values()].filter((e) => e.tenantRef === tenantRef)) {
          store.tables.auditLog.delete(id);
        }
        for (const entry of entries) store.tables.auditLog.set(entry.id, entry);
      },
      async trailHead(tenantRef, head) {
        if (head === null) store.tables.auditHeads.delete(tenantRef);
        else store.tables.auditHeads.set(tenantRef, head);
      },
      async answersExpired() {
        for (const [slot, row] of store.tables.idempotencyKeys) {
          store.tables.idempotencyKeys.set(slot, { ...row, expiresAt: longAgo });
        }
      },
      relayed: async () => store.tables.outbox.clear(),
      async clear() {
        const { catalogProducts: _kept, ...cleared } = store.tables;
        for (const table of Object.values(cleared)) table.clear();
      },
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function replace<T>(table: Map<string, T>, key: string, change: Partial<T>): void {
  const row = table.get(key);
  if (row !== undefined) table.set(key, { ...row, ...change });
}

/** A Postgres database of its own. */
export async function postgresHarness(
  template: DatabaseTemplate,
): Promise<StoreHarness & { readonly url: string }> {
  const auditKeys = randomKeyRing();
  const database = await createTestDatabase(template);
  const owner = createClient({
    url: database.url,
    applicationName: "test-owner",
    role: null,
    connectionsMax: 2,
  });
  const store = openPostgresStore({ url: database.url, applicationName: "test-store", auditKeys });
  return {
    store,
    auditKeys,
    url: database.url,
    dump: () => dumpPostgres(owner),
    arrange: {
      async stripeProduct({ id, name, active, metadata }) {
        await owner`
          insert into stripe_products (id, name, active, metadata)
          values (${id}, ${name}, ${active}, ${JSON.stringify(metadata)}::text::jsonb)
          on conflict (id) do update set metadata = excluded.metadata`;
      },
      async linkStripeProduct(product, stripeProductId) {
        await owner`
          update catalog_products set stripe_product_id = ${stripeProductId} where product = ${product}`;
      },
      async entitlement(row) {
        await owner`
          insert into entitlements (id, tenant_id, product, source, status, starts_at, ends_at, order_id,
            created_at, updated_at)
          values (${row.id}, ${row.tenantId}, ${row.product}, ${row.source}, ${row.status}, ${row.startsAt},
            ${row.endsAt}, ${row.orderId}, ${row.createdAt}, ${row.updatedAt})`;
      },
      async override(row) {
        await owner`
          insert into product_access_overrides
            (id, tenant_id, target_type, target, effect, active, expires_at, reason, created_at, updated_at)
          values (${row.id}, ${row.tenantId}, ${row.targetType}, ${row.target}, ${row.effect}, ${row.active},
            ${row.expiresAt}, ${row.reason}, ${row.createdAt}, ${row.updatedAt})`;
      },
      async parent(tenantId, parentTenantId) {
        await owner`update tenants set parent_tenant_id = ${parentTenantId} where id = ${tenantId}`;
      },
      async createdAt(tenantId, createdAt) {
        await owner`update tenants set created_at = ${createdAt} where id = ${tenantId}`;
      },
      async trail(tenantRef, entries) {
        await owner.begin((sql) => replaceTrail(sql, tenantRef, entries));
      },
      async trailHead(tenantRef, head) {
        await owner`delete from audit_heads where tenant_ref = ${tenantRef}`;
        if (head !== null) {
          await owner`
            insert into audit_heads (tenant_ref, seq, hash, mac, key_id)
            values (${tenantRef}, ${head.seq}, ${head.hash}, ${head.mac}, ${head.keyId})`;
        }
      },
      async answersExpired() {
        await owner`update idempotency_keys set expires_at = ${longAgo}`;
      },
      async relayed() {
        await owner`delete from change_outbox`;
      },
      async clear() {
        // As a replica, for the audit trail refuses to be emptied even by its owner.
        await owner.begin(async (sql) => {
          await sql`set local session_replication_role = replica`;
          await sql`truncate tenants, memberships, orders, entitlements, product_access_overrides, api_keys,
            audit_log, audit_heads, idempotency_keys, change_outbox`;
        });
      },
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await owner.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function replaceTrail(sql: Sql, tenantRef: string, entries: readonly AuditEntry[]): Promise<void> {
  await sql`set local session_replication_role = replica`;
  await sql`delete from audit_log where tenant_ref = ${tenantRef}`;
  for (const entry of entries) {
    await sql`
      insert into audit_log (id, tenant_id, tenant_ref, product, actor_type, actor_id, action, target_type,
        target_id, metadata, ip, request_id, occurred_at, created_at, seq, hash, key_id)
      values (${entry.id}, ${entry.tenantId}, ${entry.tenantRef}, ${entry.product}, ${entry.actorType},
        ${entry.actorId}, ${entry.action}, ${entry.targetType}, ${entry.targetId},
        ${JSON.stringify(entry.metadata)}::text::json, ${entry.ip}, ${entry.requestId}, ${entry.occurredAt},
        ${entry.createdAt}, ${entry.seq}, ${entry.hash}, ${entry.keyId})`;
  }
}

const longAgo = toInstant("2000-01-01T00:00:00.000000Z");

const randomKeyRing = (): KeyRing => createKeyRing(new Map([["test", randomBytes(32)]]));
