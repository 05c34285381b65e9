import { allScope, catalogScope, orgScope, userScope, type Scope } from "@leftrail/cache-keys";
import type { OutboxReads, OutboxRow } from "../port/outbox.ts";
import type { Sql } from "./client.ts";

/** Where the triggers say that rows may be waiting. */
export const changesChannel = "leftrail_changes";

export const outboxReads = (sql: Sql): OutboxReads => ({ pending: (limit) => findPending(sql, limit) });

type Row = Omit<OutboxRow, "scope"> &
  (
    | { readonly scope: "user" | "org"; readonly scopeId: string }
    | { readonly scope: "catalog" | "all"; readonly scopeId: null }
  );

export async function findPending(sql: Sql, limit: number): Promise<readonly OutboxRow[]> {
  const rows = await sql<Row[]>`
    select id, scope, scope_id, reason,
      greatest(0, extract(epoch from clock_timestamp() - created_at) * 1000)::float8 as age_ms
    from change_outbox order by id limit ${limit}`;
  return rows.map((row) => ({ id: row.id, scope: scopeOf(row), reason: row.reason, ageMs: row.ageMs }));
}

export async function deletePending(sql: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`delete from change_outbox where id = any (${arrayOf(ids)}::bigint[])`;
}

/**
 * Records whom the boundaries concern that time reached since the last run, and how far time has come.
 * Scalar subqueries, so that the planner sees short spans and takes the indexes on them.
 */
export const recordBoundaries = (sql: Sql) => sql`
  with due as (
    select e.tenant_id from entitlements e
    where e.status not in ('cancelled', 'expired')
      and e.starts_at > (select boundaries_until from change_relay) and e.starts_at <= now()
    union
    select e.tenant_id from entitlements e
    where e.status not in ('cancelled', 'expired')
      and e.ends_at > (select boundaries_until from change_relay) and e.ends_at <= now()
    union
    select v.tenant_id from product_access_overrides v
    where v.active
      and v.expires_at > (select boundaries_until from change_relay) and v.expires_at <= now()
  ),
  recorded as (
    insert into change_outbox (scope, scope_id, reason)
    select 'org', tenant_id, 'boundary' from due
    returning id
  ),
  advanced as (
    update change_relay set boundaries_until = greatest(boundaries_until, now())
  )
  select pg_notify(${changesChannel}, '') where exists (select 1 from recorded)`;

function scopeOf(row: Row): Scope {
  switch (row.scope) {
    case "user":
      return userScope(row.scopeId);
    case "org":
      return orgScope(row.scopeId);
    case "catalog":
      return catalogScope;
    case "all":
      return allScope;
    default: {
      const unhandled: never = row;
      throw new TypeError(`unhandled scope ${JSON.stringify(unhandled)}`);
    }
  }
}

/** As Postgres writes an array: without the array types the driver can't. */
const arrayOf = (ids: readonly number[]): string => `{${ids.join(",")}}`;
