import { toInstant, type Instant } from "@leftrail/contract";
import type { Actor } from "../actor.ts";
import { verifyTrail } from "../audit-verification.ts";
import type { KeyRing } from "../key-ring.ts";
import { mapMethods } from "../map-methods.ts";
import type { Change, Store } from "../store.ts";
import { guardUnit } from "../unit-of-work.ts";
import { apiKeyWrites, touchApiKeys } from "./api-keys.ts";
import { appendAudit } from "./audit.ts";
import { changedScopes, copySources, type ChangedScope } from "./changed-scopes.ts";
import { entitlementWrites } from "./entitlements.ts";
import { idempotencyOf } from "./idempotency.ts";
import { membershipWrites } from "./memberships.ts";
import { orderWrites } from "./orders.ts";
import { createOutbox } from "./outbox.ts";
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
  /** What is committed. Rows that are put in here appear as if they had always been there: no cache hears of them. */
  readonly tables: Tables;
  /** Writes as any other SQL client does: what the schema's triggers record, is recorded. */
  writeAsSqlClient(work: (tables: Tables) => void): Promise<void>;
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
  const snapshot = (): Snapshot => ({ tables: committed, now: nowOf() });
  const outbox = createOutbox(committed.outbox, snapshot, options.clock);

  const commit = (tables: Tables, changes: readonly ChangedScope[]): void => {
    committed = tables;
    outbox.record(changes);
  };
  const afterLastUnit = <T>(run: () => Promise<T> | T): Promise<T> => {
    const unit = lastUnit.then(run);
    lastUnit = unit.catch(() => undefined);
    return unit;
  };

  const runUnit = async <T>(actor: Actor, work: (tx: Change) => Promise<T>): Promise<T> => {
    const unit: Snapshot = { tables: copyTables(committed), now: nowOf() };
    const changes: ChangedScope[] = [];
    // After each write, as triggers fire after each statement: what a later write undoes is recorded too.
    const recorded =
      <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const before = copySources(unit.tables);
        const result = await write(...args);
        changes.push(...changedScopes(before, unit.tables));
        return result;
      };
    const guard = guardUnit({
      ...readsOf(() => unit),
      lockTenant: async (tenantId) => unit.tables.tenants.get(tenantId),
      lockHierarchy: async () => undefined,
      write: mapMethods(
        {
          tenants: tenantWrites(unit),
          memberships: membershipWrites(unit),
          orders: orderWrites(unit),
          entitlements: entitlementWrites(unit),
          overrides: overrideWrites(unit),
          apiKeys: apiKeyWrites(unit),
        },
        recorded,
      ),
      idempotency: idempotencyOf(unit),
      audit: async (entry) => appendAudit(unit, options.auditKeys, actor, entry),
      report: async (entry) => appendAudit(unit, options.auditKeys, actor, entry),
    });
    const value = await work(guard.change);
    guard.assertComplete();
    commit(unit.tables, changes);
    return value;
  };

  const read = { ...readsOf(snapshot), outbox: outbox.reads };
  return {
    engine: "memory",
    get tables() {
      return committed;
    },
    writeAsSqlClient: (work) =>
      afterLastUnit(() => {
        const tables = copyTables(committed);
        work(tables);
        commit(tables, changedScopes(committed, tables));
      }),
    read,
    outbox: outbox.port,
    verifyTrail: (tenantRef) => verifyTrail(read.auditLog, options.auditKeys, tenantRef),
    ping: async () => undefined,
    touchApiKeys: (apiKeyIds) => afterLastUnit(() => touchApiKeys(snapshot(), apiKeyIds)),
    change: (actor, work) => afterLastUnit(() => runUnit(actor, work)),
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
