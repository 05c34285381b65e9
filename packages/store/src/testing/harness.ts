import { randomBytes } from "node:crypto";
import type { Instant } from "@leftrail/contract";
import { createTestDatabase, type DatabaseTemplate } from "@leftrail/testkit";
import { createKeyRing, type KeyRing } from "../key-ring.ts";
import type { EntitlementRow, OverrideRow } from "../memory/tables.ts";
import { openMemoryStore } from "../memory/memory-store.ts";
import { createClient } from "../postgres/client.ts";
import { openPostgresStore } from "../postgres/postgres-store.ts";
import type { StripeProduct } from "../records.ts";
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
  /** Takes away every row but the catalog. */
  clear(): Promise<void>;
}

/** The memory engine; `clock` in epoch milliseconds. */
export async function memoryHarness(clock: () => number = Date.now): Promise<StoreHarness> {
  const auditKeys = randomKeyRing();
  const store = openMemoryStore({ auditKeys, clock });
  return {
    store,
    auditKeys,
    dump: async () => dumpMemory(store.tables),
    arrange: {
      stripeProduct: async (row) => void store.tables.stripeProducts.set(row.id, row),
      async linkStripeProduct(product, stripeProductId) {
        const row = store.tables.catalogProducts.get(product);
        if (row !== undefined) store.tables.catalogProducts.set(product, { ...row, stripeProductId });
      },
      entitlement: async (row) => void store.tables.entitlements.set(row.id, row),
      override: async (row) => void store.tables.overrides.set(row.id, row),
      async parent(tenantId, parentTenantId) {
        const row = store.tables.tenants.get(tenantId);
        if (row !== undefined) store.tables.tenants.set(tenantId, { ...row, parentTenantId });
      },
      async createdAt(tenantId, createdAt) {
        const row = store.tables.tenants.get(tenantId);
        if (row !== undefined) store.tables.tenants.set(tenantId, { ...row, createdAt });
      },
      async clear() {
        const { catalogProducts: _kept, ...cleared } = store.tables;
        for (const table of Object.values(cleared)) table.clear();
      },
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
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
          insert into entitlements (id, tenant_id, product, source, status, starts_at, ends_at, order_id)
          values (${row.id}, ${row.tenantId}, ${row.product}, ${row.source}, ${row.status}, ${row.startsAt},
            ${row.endsAt}, ${row.orderId})`;
      },
      async override(row) {
        await owner`
          insert into product_access_overrides
            (id, tenant_id, target_type, target, effect, active, expires_at, reason)
          values (${row.id}, ${row.tenantId}, ${row.targetType}, ${row.target}, ${row.effect}, ${row.active},
            ${row.expiresAt}, ${row.reason})`;
      },
      async parent(tenantId, parentTenantId) {
        await owner`update tenants set parent_tenant_id = ${parentTenantId} where id = ${tenantId}`;
      },
      async createdAt(tenantId, createdAt) {
        await owner`update tenants set created_at = ${createdAt} where id = ${tenantId}`;
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

const randomKeyRing = (): KeyRing => createKeyRing(new Map([["test", randomBytes(32)]]));
