import { toInstant, type Instant } from "@leftrail/contract";
import type { Actor } from "../actor.ts";
import { verifyTrail } from "../audit-verification.ts";
import type { KeyRing } from "../key-ring.ts";
import type { Change, Store } from "../store.ts";
import { guardUnit } from "../unit-of-work.ts";
import { apiKeyWrites, touchApiKeys } from "./api-keys.ts";
import { appendAudit } from "./audit.ts";
import { entitlementWrites } from "./entitlements.ts";
import { idempotencyOf } from "./idempotency.ts";
import { membershipWrites } from "./memberships.ts";
import { orderWrites } from "./orders.ts";
import { overrideWrites } from "./overrides.ts";
import { readsOf } from "./reads.ts";
import type { Snapshot } from "./snapshot.ts";
import { copyTables, freshTables, type Tables } from "./tables.ts";
import { tenantWrites } from "./tenants.ts";

export interface MemoryOptions {
  readonly auditKeys: KeyRing;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

export interface MemoryStore extends Store {
  /** What is committed. Rows put in here stand for those that another SQL client wrote. */
  readonly tables: Tables;
}

/**
 * The store without a database: the default when DATABASE_URL is empty, and the
 * executable model of what the port means. Units of work run one after another
 * on a copy, which replaces the tables when the unit commits.
 */
export function openMemoryStore(options: MemoryOptions): MemoryStore {
  let committed = freshTables();
  let lastUnit: Promise<unknown> = Promise.resolve();
  const nowOf = strictlyLater(options.clock);

  const runUnit = async <T>(actor: Actor, work: (tx: Change) => Promise<T>): Promise<T> => {
    const unit: Snapshot = { tables: copyTables(committed), now: nowOf() };
    const guard = guardUnit({
      ...readsOf(() => unit),
      lockTenant: async (tenantId) => unit.tables.tenants.get(tenantId),
      lockHierarchy: async () => undefined,
      write: {
        tenants: tenantWrites(unit),
        memberships: membershipWrites(unit),
        orders: orderWrites(unit),
        entitlements: entitlementWrites(unit),
        overrides: overrideWrites(unit),
        apiKeys: apiKeyWrites(unit),
      },
      idempotency: idempotencyOf(unit),
      audit: async (entry) => appendAudit(unit, options.auditKeys, actor, entry),
      report: async (entry) => appendAudit(unit, options.auditKeys, actor, entry),
    });
    const value = await work(guard.change);
    guard.assertComplete();
    committed = unit.tables;
    return value;
  };

  const read = readsOf(() => ({ tables: committed, now: nowOf() }));
  return {
    engine: "memory",
    get tables() {
      return committed;
    },
    read,
    verifyTrail: (tenantRef) => verifyTrail(read.auditLog, options.auditKeys, tenantRef),
    ping: async () => undefined,
    async touchApiKeys(apiKeyIds) {
      lastUnit = lastUnit.then(() => touchApiKeys({ tables: committed, now: nowOf() }, apiKeyIds));
      await lastUnit;
    },
    change(actor, work) {
      const unit = lastUnit.then(() => runUnit(actor, work));
      lastUnit = unit.catch(() => undefined);
      return unit;
    },
    async [Symbol.asyncDispose]() {
      await lastUnit;
    },
  };
}

/** A clock that never shows the same microsecond twice, so that "newest first" has one meaning. */
function strictlyLater(clock: () => number): () => Instant {
  let lastMicros = 0;
  return () => {
    lastMicros = Math.max(Math.floor(clock() * 1000), lastMicros + 1);
    const micros = String(lastMicros % 1_000_000).padStart(6, "0");
    return toInstant(`${new Date(lastMicros / 1000).toISOString().slice(0, 19)}.${micros}Z`);
  };
}
