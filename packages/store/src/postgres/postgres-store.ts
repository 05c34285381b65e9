import type { Actor } from "../actor.ts";
import type { KeyRing } from "../key-ring.ts";
import { mapMethods } from "../map-methods.ts";
import type { Change, Reads, ReadStore, Store } from "../store.ts";
import { guardUnit } from "../unit-of-work.ts";
import { appendAudit } from "./audit.ts";
import { catalogReads } from "./catalog.ts";
import { createClient, type Client, type PostgresClientOptions, type Sql } from "./client.ts";
import { entitlementReads, entitlementWrites } from "./entitlements.ts";
import { isRetryable, mapped } from "./errors.ts";
import { membershipWrites } from "./memberships.ts";
import { orderWrites } from "./orders.ts";
import { overrideWrites } from "./overrides.ts";
import { sidebarReads } from "./sidebar.ts";
import { lockTenant, tenantReads, tenantWrites } from "./tenants.ts";

/** How often a unit of work runs at most when it meets deadlocks or serialization failures. */
const attemptsMax = 4;
/** How long closing waits for queries that run, in seconds. */
const closeTimeoutSeconds = 2;

export type PostgresOptions = Omit<PostgresClientOptions, "role">;

/** The hot path's half: every connection may only SELECT what the left rail needs. */
export function openPostgresReadStore(options: PostgresOptions): ReadStore {
  const client = createClient({ ...options, role: "leftrail_reader" });
  return readStore(client);
}

/** The control plane's store. `auditKeys` keys the audit chain. */
export function openPostgresStore(options: PostgresOptions & { readonly auditKeys: KeyRing }): Store {
  const client = createClient({ ...options, role: "leftrail_writer" });
  return {
    ...readStore(client),
    change: (actor, work) => mapped(() => changeWithRetries(client, options.auditKeys, actor, work)),
  };
}

function readStore(client: Client): ReadStore {
  return {
    engine: "postgres",
    read: mapMethods(
      readsOf(client),
      (read) =>
        (...args) =>
          mapped(() => read(...args)),
    ),
    ping: () => mapped(async () => void (await client`select 1`)),
    [Symbol.asyncDispose]: () => client.end({ timeout: closeTimeoutSeconds }),
  };
}

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
      write: {
        tenants: tenantWrites(sql),
        memberships: membershipWrites(sql),
        orders: orderWrites(sql),
        entitlements: entitlementWrites(sql),
        overrides: overrideWrites(sql),
      },
      audit: (entry) => appendAudit(sql, ring, actor, entry),
    });
    const value = await work(guard.change);
    guard.assertComplete();
    return { value };
  });
  return answer.value;
}

const readsOf = (sql: Sql): Reads => ({
  sidebar: sidebarReads(sql),
  tenants: tenantReads(sql),
  catalog: catalogReads(sql),
  entitlements: entitlementReads(sql),
});
