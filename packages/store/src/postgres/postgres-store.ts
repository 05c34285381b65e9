import type { Actor } from "../actor.ts";
import { verifyTrail } from "../audit-verification.ts";
import type { KeyRing } from "../key-ring.ts";
import { mapMethods } from "../map-methods.ts";
import type { Change, Store, UnitReads } from "../store.ts";
import { guardUnit } from "../unit-of-work.ts";
import { apiKeyReads, apiKeyWrites, touchApiKeys } from "./api-keys.ts";
import { appendAudit, auditReads } from "./audit.ts";
import { catalogReads } from "./catalog.ts";
import { createClient, type Client, type PostgresClientOptions, type Sql } from "./client.ts";
import { entitlementReads, entitlementWrites } from "./entitlements.ts";
import { isRetryable, mapped } from "./errors.ts";
import { idempotencyOf } from "./idempotency.ts";
import { openLeadership } from "./lease.ts";
import { membershipReads, membershipWrites } from "./memberships.ts";
import { onPending } from "./on-pending.ts";
import { orderReads, orderWrites } from "./orders.ts";
import { outboxReads } from "./outbox.ts";
import { overrideReads, overrideWrites } from "./overrides.ts";
import { sidebarReads } from "./sidebar.ts";
import { lockHierarchy, lockTenant, tenantReads, tenantWrites } from "./tenants.ts";

/** How often a unit of work runs at most when it meets deadlocks or serialization failures. */
const attemptsMax = 4;
/** How long closing waits for queries that run, in seconds. */
const closeTimeoutSeconds = 2;

export type PostgresOptions = Pick<
  PostgresClientOptions,
  "url" | "applicationName" | "connectionsMax" | "statementTimeoutMs" | "onStatement"
>;

/** The control plane's store. `auditKeys` keys the audit chain. */
export function openPostgresStore(options: PostgresOptions & { readonly auditKeys: KeyRing }): Store {
  const clientOptions: PostgresClientOptions = { ...options, role: "leftrail_writer" };
  const client = createClient(clientOptions);
  const leadership = openLeadership(clientOptions);
  const read = mapReads({ ...readsOf(client), outbox: outboxReads(client) });
  return {
    engine: "postgres",
    read,
    outbox: {
      tryLead: () => leadership.tryLead(),
      onPending: (listener) => mapped(() => onPending(clientOptions, listener)),
    },
    ping: () => mapped(async () => void (await client`select 1`)),
    verifyTrail: (tenantRef) => verifyTrail(read.auditLog, options.auditKeys, tenantRef),
    touchApiKeys: (apiKeyIds) => mapped(() => touchApiKeys(client, apiKeyIds)),
    change: (actor, work) => mapped(() => changeWithRetries(client, options.auditKeys, actor, work)),
    async [Symbol.asyncDispose]() {
      await leadership[Symbol.asyncDispose]();
      await client.end({ timeout: closeTimeoutSeconds });
    },
  };
}

const mapReads = <G extends object>(reads: G): G =>
  mapMethods(
    reads,
    (read) =>
      (...args) =>
        mapped(() => read(...args)),
  );

async function changeWithRetries<T>(
  client: Client,
  ring: KeyRing,
  actor: Actor,
  work: (tx: Change) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await changeOnce(client, ring, actor, work);
    } catch (error) {
      if (attempt >= attemptsMax || !isRetryable(error)) throw error;
    }
  }
}

async function changeOnce<T>(
  client: Client,
  ring: KeyRing,
  actor: Actor,
  work: (tx: Change) => Promise<T>,
): Promise<T> {
  const answer = await client.begin(async (sql) => {
    const guard = guardUnit({
      ...readsOf(sql),
      lockTenant: (tenantId) => lockTenant(sql, tenantId),
      lockHierarchy: () => lockHierarchy(sql),
      write: {
        tenants: tenantWrites(sql),
        memberships: membershipWrites(sql),
        orders: orderWrites(sql),
        entitlements: entitlementWrites(sql),
        overrides: overrideWrites(sql),
        apiKeys: apiKeyWrites(sql),
      },
      idempotency: idempotencyOf(sql),
      audit: (entry) => appendAudit(sql, ring, actor, entry),
      report: (entry) => appendAudit(sql, ring, actor, entry),
    });
    const value = await work(guard.change);
    guard.assertComplete();
    return { value };
  });
  return answer.value;
}

const readsOf = (sql: Sql): UnitReads => ({
  sidebar: sidebarReads(sql),
  tenants: tenantReads(sql),
  memberships: membershipReads(sql),
  catalog: catalogReads(sql),
  orders: orderReads(sql),
  entitlements: entitlementReads(sql),
  overrides: overrideReads(sql),
  apiKeys: apiKeyReads(sql),
  auditLog: auditReads(sql),
});
