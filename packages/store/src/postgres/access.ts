import type { Fragment, Sql } from "./client.ts";

/**
 * CTE `lineage`: the tenant and all its ancestors, with whether a row is the
 * tenant itself. UNION, not UNION ALL, so that even a cycle made by hand ends.
 */
export const lineageOf = (sql: Sql, tenantId: string | Fragment) => sql`
  lineage as (
    select t.id, t.parent_tenant_id, t.status, true as own from tenants t where t.id = ${tenantId}
    union
    select p.id, p.parent_tenant_id, p.status, false
    from tenants p join lineage l on p.id = l.parent_tenant_id
  )`;

/**
 * CTE `reach`: every tenant the user may see, with the user's own role there or
 * null. An ancestor's owner or admin sees what is below it, unless that ancestor
 * is cancelled.
 */
export const reachOf = (sql: Sql, userId: string) => sql`
  below (id) as (
    select c.id
    from memberships m
    join tenants a on a.id = m.tenant_id and a.status <> 'cancelled'
    join tenants c on c.parent_tenant_id = a.id
    where m.user_id = ${userId} and m.role in ('owner', 'admin')
    union
    select c.id from tenants c join below b on c.parent_tenant_id = b.id
  ),
  reach (id, role) as (
    select tenant_id, role from memberships where user_id = ${userId}
    union all
    select b.id, null from below b
    where not exists (select 1 from memberships m where m.tenant_id = b.id and m.user_id = ${userId})
  )`;

/**
 * CTE `held`, after `lineage`: the user's rights on the tenant, one row for their own role and one for
 * each ancestor that is not cancelled and has them as owner or admin.
 */
export const heldBy = (sql: Sql, userId: string) => sql`
  held as (
    select m.role, l.own from lineage l join memberships m on m.tenant_id = l.id
    where m.user_id = ${userId}
      and (l.own or (m.role in ('owner', 'admin') and l.status <> 'cancelled'))
  )`;

/** True when the user is a member of the tenant, or owner or admin of an ancestor that is not cancelled. */
export const seenThroughLineage = (sql: Sql, userId: string) => sql`
  exists (
    select 1 from lineage l join memberships m on m.tenant_id = l.id and m.user_id = ${userId}
    where l.own or (m.role in ('owner', 'admin') and l.status <> 'cancelled'))`;
