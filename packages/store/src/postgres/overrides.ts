import { newestPositionOf, pageOf } from "../page.ts";
import type { OverrideReads, OverrideWrites } from "../port/overrides.ts";
import type { Override } from "../records.ts";
import { seen } from "../seen.ts";
import type { Sql } from "./client.ts";
import { olderThan } from "./paging.ts";
import { overrideColumns } from "./columns.ts";
import { stored, tenantReads } from "./tenants.ts";

export function overrideReads(sql: Sql): OverrideReads {
  return {
    async find(overrideId, viewer) {
      const [row] = await sql<Override[]>`
        select ${overrideColumns(sql)} from product_access_overrides v where v.id = ${overrideId} and v.active`;
      return seen(tenantReads(sql), row, viewer);
    },
    async findByTarget({ tenantId, targetType, target }) {
      const [row] = await sql<Override[]>`
        select ${overrideColumns(sql)} from product_access_overrides v
        where v.tenant_id = ${tenantId} and v.target_type = ${targetType} and v.target = ${target} and v.active`;
      return row;
    },
    async list(tenantId, { limit, after }) {
      const rows = await sql<Override[]>`
        select ${overrideColumns(sql)} from product_access_overrides v
        where v.tenant_id = ${tenantId} and v.active
          and ${olderThan(sql, sql`(v.created_at, v.id)`, after)}
        order by v.created_at desc, v.id desc limit ${limit + 1}`;
      return pageOf(rows, limit, newestPositionOf);
    },
  };
}

export function overrideWrites(sql: Sql): OverrideWrites {
  return {
    async put({ id, tenantId, targetType, target, effect, expiresAt, reason }) {
      const [row] = await sql<Override[]>`
        insert into product_access_overrides as v
          (id, tenant_id, target_type, target, effect, expires_at, reason)
        values (${id}, ${tenantId}, ${targetType}, ${target}, ${effect}, ${expiresAt}, ${reason})
        on conflict (tenant_id, target_type, target) do update
          set effect = excluded.effect, expires_at = excluded.expires_at, reason = excluded.reason,
            active = true, updated_at = now()
        returning ${overrideColumns(sql)}`;
      return stored(row);
    },
    async remove(tenantId, overrideId) {
      const { count } = await sql`
        delete from product_access_overrides where tenant_id = ${tenantId} and id = ${overrideId}`;
      return count > 0;
    },
  };
}
