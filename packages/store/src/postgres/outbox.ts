import { allScope, catalogScope, orgScope, userScope, type Scope } from "@leftrail/cache-keys";
import type { OutboxLook, OutboxReads, OutboxRow, RelayMark } from "../port/outbox.ts";
import { announceGone } from "./announcements.ts";
import type { Sql } from "./client.ts";

/** Where the triggers say that rows may be waiting. */
export const changesChannel = "leftrail_changes";

type Named = { readonly reason: string } & (
  | { readonly scope: "user" | "org"; readonly scopeId: string }
  | { readonly scope: "catalog" | "all"; readonly scopeId: null }
);
/** Whoever belongs to a tenant, or is owner or admin of it or above it: users who are known after the commit. */
type Audience = { readonly id: number; readonly scope: "members" | "admins" };
type Row = { readonly id: number; readonly ageMs: number } & Named;

export const outboxReads = (sql: Sql): OutboxReads => ({
  async look(limit) {
    // The usual case touches no other table, so no lock on one holds it up.
    const rows: readonly (Mark & (Row | Audience | Nothing))[] = await selectLook(sql, limit);
    if (rows.every(isNamed)) return toLook(rows);
    // So many that the look is cut off anyway: who they are makes no difference.
    if (rows.length === limit) return toLook(rows.map((row) => (isNamed(row) ? row : toAll(row))));
    return toLook(await selectNamedLook(sql, limit));
  },
});

const toAll = ({ session, number, id }: Mark & Audience): Mark & Row => ({
  session,
  number,
  id,
  scope: "all",
  scopeId: null,
  reason: "tenant",
  ageMs: 0,
});

type Mark = { readonly session: string | null; readonly number: number | null };
type Nothing = { readonly id: null; readonly scope: null };

function toLook(rows: readonly (Mark & (Row | Nothing))[]): OutboxLook {
  const { session = null, number = null } = rows[0] ?? {};
  return {
    rows: rows.flatMap((row) => (row.id === null ? [] : [toOutboxRow(row)])),
    mark: session === null || number === null ? undefined : { session, number },
  };
}

/** The mark, and beside it every row: in one statement, so that no row is taken away between the two. */
const selectLook = (sql: Sql, limit: number) => sql<(Mark & (Row | Audience | Nothing))[]>`
  select r.session, r.number, p.id, p.scope, p.scope_id, p.reason, ${ageMs(sql)} as age_ms
  from change_relay r
    left join (select * from change_outbox order by id limit ${limit}) p on true
  order by p.id`;

/** The same with users in the place of audiences. */
const selectNamedLook = (sql: Sql, limit: number) => sql<(Mark & (Row | Nothing))[]>`
  with recursive audience as (
    select min(id) as id, scope, scope_id, reason, min(created_at) as created_at
    from change_outbox where scope in ('members', 'admins') group by scope, scope_id, reason
  ),
  above as (
    select a.id, t.id as tenant_id, t.parent_tenant_id
    from audience a join tenants t on t.id = a.scope_id where a.scope = 'admins'
    union
    select a.id, t.id, t.parent_tenant_id from above a join tenants t on t.id = a.parent_tenant_id
  ),
  viewers as (
    select a.id, m.user_id from audience a join memberships m on m.tenant_id = a.scope_id
    where a.scope = 'members'
    union
    select a.id, m.user_id from above a join memberships m on m.tenant_id = a.tenant_id
    where m.role in ('owner', 'admin')
  ),
  named as (
    select id, scope, scope_id, reason, created_at from change_outbox
    where scope not in ('members', 'admins')
    union all
    select v.id, 'user', v.user_id, a.reason, a.created_at from viewers v join audience a on a.id = v.id
    order by id, scope_id
    limit ${limit}
  )
  select r.session, r.number, p.id, p.scope, p.scope_id, p.reason, ${ageMs(sql)} as age_ms
  from change_relay r left join named p on true
  order by p.id, p.scope_id`;

/** Puts users in the place of audiences; what is committed meanwhile is for the next call. */
export async function findPending(run: RunStatement, limit: number): Promise<readonly OutboxRow[]> {
  for (;;) {
    const rows = await run(
      (sql) => sql<(Row | Audience)[]>`
        select p.id, p.scope, p.scope_id, p.reason, ${ageMs(sql)} as age_ms
        from change_outbox p order by p.id limit ${limit}`,
    );
    if (rows.every(isNamed)) return rows.map(toOutboxRow);
    const ids = rows.flatMap((row) => (isNamed(row) ? [] : [row.id]));
    // A statement of its own for each page, so that none takes longer however many there are.
    await run((sql) => nameAudiences(sql, ids));
    // This was all: what is committed from now on is for the next call, or writers would keep this one busy.
    if (rows.length < limit) break;
  }
  const named = await run(
    (sql) => sql<Row[]>`
      select p.id, p.scope, p.scope_id, p.reason, ${ageMs(sql)} as age_ms
      from change_outbox p where p.scope not in ('members', 'admins') order by p.id limit ${limit}`,
  );
  return named.map(toOutboxRow);
}

/** Each statement with a deadline of its own. */
type RunStatement = <T>(statement: (sql: Sql) => Promise<T>) => Promise<T>;

const isNamed = <T extends { readonly scope: string | null }>(row: T): row is Exclude<T, Audience> =>
  row.scope !== "members" && row.scope !== "admins";

/** In one statement, so that none is lost and the users are those of after every commit that it takes up. */
const nameAudiences = (sql: Sql, ids: readonly number[]) => sql`
  with recursive audience as (
    delete from change_outbox where id = any (${arrayOf(ids)}::bigint[])
    returning scope, scope_id, reason, created_at
  ),
  above as (
    select a.reason, t.id as tenant_id, t.parent_tenant_id
    from audience a join tenants t on t.id = a.scope_id where a.scope = 'admins'
    union
    select a.reason, t.id, t.parent_tenant_id
    from above a join tenants t on t.id = a.parent_tenant_id
  ),
  viewers as (
    select m.user_id, a.reason from audience a join memberships m on m.tenant_id = a.scope_id
    where a.scope = 'members'
    union
    select m.user_id, a.reason from above a join memberships m on m.tenant_id = a.tenant_id
    where m.role in ('owner', 'admin')
  )
  insert into change_outbox (scope, scope_id, reason, created_at)
  select 'user', user_id, reason, (select min(created_at) from audience) from viewers order by user_id`;

export async function deletePending(sql: Sql, ids: readonly number[], mark: RelayMark): Promise<void> {
  await sql`
    with gone as (
      delete from change_outbox where id = any (${arrayOf(ids)}::bigint[]) returning scope, scope_id, reason
    ),
    announced as (${announceGone(sql)})
    update change_relay set session = ${mark.session}, number = ${mark.number}`;
}

/** Of the outbox row `p`. */
const ageMs = (sql: Sql) =>
  sql`greatest(0, extract(epoch from clock_timestamp() - p.created_at) * 1000)::float8`;

const toOutboxRow = (row: Row): OutboxRow => ({
  id: row.id,
  scope: scopeOf(row),
  reason: row.reason,
  ageMs: row.ageMs,
});

/**
 * Records whom the boundaries concern that time reached since the last run, and how far time has come. What was
 * written at or after its boundary, as what begins at once is, has been recorded by its trigger.
 * Scalar subqueries, so that the planner sees short spans and takes the indexes on them.
 */
export const recordBoundaries = (sql: Sql) => sql`
  with due as (
    select e.tenant_id, 'entitlement-boundary' as reason from entitlements e
    where e.status not in ('cancelled', 'expired')
      and e.starts_at > (select boundaries_until from change_relay) and e.starts_at <= now()
      and not e.updated_at between e.starts_at and now()
    union
    select e.tenant_id, 'entitlement-boundary' from entitlements e
    where e.status not in ('cancelled', 'expired')
      and e.ends_at > (select boundaries_until from change_relay) and e.ends_at <= now()
      and not e.updated_at between e.ends_at and now()
    union
    select v.tenant_id, 'override-boundary' from product_access_overrides v
    where v.active
      and v.expires_at > (select boundaries_until from change_relay) and v.expires_at <= now()
      and not v.updated_at between v.expires_at and now()
  ),
  recorded as (
    insert into change_outbox (scope, scope_id, reason)
    select 'org', tenant_id, reason from due
    returning id
  ),
  advanced as (
    update change_relay set boundaries_until = greatest(boundaries_until, now())
  )
  select pg_notify(${changesChannel}, '') where exists (select 1 from recorded)`;

function scopeOf(row: Named): Scope {
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
