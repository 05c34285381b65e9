import type { Membership } from "../records.ts";
import type { Writes } from "../store.ts";
import type { Sql } from "./client.ts";
import { stored } from "./tenants.ts";

export function membershipWrites(sql: Sql): Writes["memberships"] {
  return {
    async put({ tenantId, userId, role }) {
      const [row] = await sql<Membership[]>`
        insert into memberships (tenant_id, user_id, role) values (${tenantId}, ${userId}, ${role})
        on conflict (tenant_id, user_id) do update set role = excluded.role
        returning tenant_id, user_id, role, created_at`;
      return stored(row);
    },
    async remove(tenantId, userId) {
      const { count } = await sql`
        delete from memberships where tenant_id = ${tenantId} and user_id = ${userId}`;
      return count > 0;
    },
  };
}
