import type { Role } from "@leftrail/contract";
import { newestPositionOf, pageOf } from "../page.ts";
import type { NewestPosition, Page, Tenant, TenantView } from "../records.ts";
import type { NewTenant, TenantReads, TenantWrites } from "../port/tenants.ts";
import { heldBy, lineageOf, reachOf } from "./access.ts";
import type { Sql } from "./client.ts";
import { tenantColumns } from "./columns.ts";
import { olderThan } from "./paging.ts";

export function tenantReads(sql: Sql): TenantReads {
  return {
    async find(by, viewer): Promise<TenantView | undefined> {
      const match = "id" in by ? sql`t.id = ${by.id}` : sql`t.slug = ${by.slug}`;
      type Row = Tenant & { viewerRole: Role | null; viewerAdmin: boolean };
      const [row] = await sql<Row[]>`
        with recursive target as (select id from tenants t where ${match}),
        ${lineageOf(sql, sql`(select id from target)`)},
        ${heldBy(sql, viewer.userId)}
        select ${tenantColumns(sql)},
          (select role from held where own) as viewer_role,
          exists (select 1 from held where role in ('owner', 'admin')) as viewer_admin
        from tenants t
        where t.id = (select id from target)
          and (${viewer.isPlatformAdmin} or exists (select 1 from held))`;
      if (row === undefined) return undefined;
      const { viewerRole, viewerAdmin, ...tenant } = row;
      return { tenant, role: viewerRole, isTenantAdmin: viewerAdmin };
    },

    async list({ viewer, status }, page): Promise<Page<Tenant, NewestPosition>> {
      const within = viewer.isPlatformAdmin
        ? sql`true`
        : sql`t.id in (with recursive ${reachOf(sql, viewer.userId)} select id from reach)`;
      const rows = await sql<Tenant[]>`
        select ${tenantColumns(sql)} from tenants t
        where ${within} and ${status === null ? sql`true` : sql`t.status = ${status}`} and ${olderThan(sql, sql`(t.created_at, t.id)`, page.after)}
        order by t.created_at desc, t.id desc limit ${page.limit + 1}`;
      return pageOf(rows, page.limit, newestPositionOf);
    },

    async hasChildren(tenantId) {
      const rows = await sql`select 1 from tenants where parent_tenant_id = ${tenantId} limit 1`;
      return rows.length > 0;
    },

    async isWithin(tenantId, ancestorId) {
      const rows = await sql`
        with recursive ${lineageOf(sql, tenantId)} select 1 from lineage where id = ${ancestorId} limit 1`;
      return rows.length > 0;
    },
  };
}

export async function lockTenant(sql: Sql, tenantId: string): Promise<Tenant | undefined> {
  // NO KEY: rows that refer to the tenant may still be inserted by others meanwhile.
  const [row] = await sql<Tenant[]>`
    select ${tenantColumns(sql)} from tenants t where t.id = ${tenantId} for no key update`;
  return row;
}

/** One unit at a time moves tenants: two at once could close a circle that neither of them sees. */
export async function lockHierarchy(sql: Sql): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('leftrail hierarchy', 0))`;
}

export function tenantWrites(sql: Sql): TenantWrites {
  return {
    async insert({ id, slug, name, parentTenantId }: NewTenant) {
      const [row] = await sql<Tenant[]>`
        insert into tenants as t (id, slug, name, parent_tenant_id)
        values (${id}, ${slug}, ${name}, ${parentTenantId})
        returning ${tenantColumns(sql)}`;
      return stored(row);
    },
    async update(tenantId, { name, parentTenantId }) {
      const [row] = await sql<Tenant[]>`
        update tenants t set updated_at = now(),
          name = ${name === undefined ? sql`t.name` : sql`${name}`},
          parent_tenant_id = ${parentTenantId === undefined ? sql`t.parent_tenant_id` : sql`${parentTenantId}`}
        where t.id = ${tenantId}
        returning ${tenantColumns(sql)}`;
      return row;
    },
    async remove(tenantId) {
      const { count } = await sql`delete from tenants where id = ${tenantId}`;
      return count > 0;
    },
    async setStatus(tenantId, status) {
      const [row] = await sql<Tenant[]>`
        update tenants t set status = ${status}, updated_at = now(),
          activated_at = case when ${status} = 'active' then now() else activated_at end,
          cancelled_at = case when ${status} = 'cancelled' then now() else cancelled_at end
        where t.id = ${tenantId}
        returning ${tenantColumns(sql)}`;
      return row;
    },
  };
}

/** An insert that did not throw has returned its row. */
export function stored<T>(row: T | undefined): T {
  if (row === undefined) throw new Error("an insert returned no row");
  return row;
}
