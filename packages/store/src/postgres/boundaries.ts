import type { Fragment, Sql } from "./client.ts";

/** The next moment at which time alone changes the entitlement `e`, or null. */
export const entitlementBoundary = (sql: Sql) => sql`
  case
    when e.status in ('cancelled', 'expired') then null
    when e.starts_at > now() then e.starts_at
    when e.ends_at > now() then e.ends_at
  end`;

/** Those of all entitlements and overrides of the tenant `t`. */
export const boundariesOfTenant = (sql: Sql) => sql`
  select ${entitlementBoundary(sql)} as moment from entitlements e where e.tenant_id = t.id
  union all
  select v.expires_at from product_access_overrides v
  where v.tenant_id = t.id and v.active and v.expires_at > now()`;

/** Whole milliseconds from now to `moment`, never one too many. */
export const millisecondsUntil = (sql: Sql, moment: Fragment) => sql`
  floor(extract(epoch from ${moment} - now()) * 1000)::float8`;
