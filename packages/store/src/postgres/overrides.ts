import type { Override } from "../records.ts";
import type { Writes } from "../store.ts";
import type { Sql } from "./client.ts";
import { overrideColumns } from "./columns.ts";
import { stored } from "./tenants.ts";

export function overrideWrites(sql: Sql): Writes["overrides"] {
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
