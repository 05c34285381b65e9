import type { Sql } from "./client.ts";

/** Column lists, so that what a record holds is said once. `t`, `e`, `o` are the tables' aliases. */
export const tenantColumns = (sql: Sql) => sql`
  t.id, t.slug, t.name, t.status, t.parent_tenant_id, t.created_at, t.updated_at, t.activated_at, t.cancelled_at`;

export const orderColumns = (sql: Sql) => sql`
  o.id, o.tenant_id, o.product, o.kind, o.status, o.requested_by, o.note, o.created_at, o.decided_at`;

export const entitlementColumns = (sql: Sql) => sql`
  e.id, e.tenant_id, e.product, e.source, ${entitlementStatusNow(sql)} as status, e.starts_at, e.ends_at,
  e.order_id, e.created_at, e.updated_at`;

export const overrideColumns = (sql: Sql) => sql`
  v.id, v.tenant_id, v.target_type, v.target, v.effect, v.expires_at, v.reason, v.created_at, v.updated_at`;

/** The SQL twin of entitlementStatusAt, by the database's clock. */
const entitlementStatusNow = (sql: Sql) => sql`
  case
    when e.status in ('cancelled', 'expired') then e.status
    when e.ends_at <= now() then 'expired'
    when e.starts_at > now() then 'scheduled'
    when e.source = 'trial' then 'trialing'
    else 'active'
  end`;

/** In force as of now: the same as a status of active or trialing, in a form that an index serves. */
export const inForceNow = (sql: Sql) => sql`
  (e.status not in ('cancelled', 'expired') and e.starts_at <= now() and (e.ends_at is null or e.ends_at > now()))`;
