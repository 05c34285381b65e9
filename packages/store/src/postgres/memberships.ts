import { pageOf } from "../page.ts";
import type { MembershipReads, MembershipWrites } from "../port/memberships.ts";
import type { Membership } from "../records.ts";
import type { Sql } from "./client.ts";
import { stored } from "./tenants.ts";

export function membershipReads(sql: Sql): MembershipReads {
  return {
    async find(tenantId, userId) {
      const [row] = await sql<Membership[]>`
        select tenant_id, user_id, role, created_at from memberships
        where tenant_id = ${tenantId} and user_id = ${userId}`;
      return row;
    },
    async list(tenantId, { limit, after }) {
      const rows = await sql<Membership[]>`
        select tenant_id, user_id, role, created_at from memberships
        where tenant_id = ${tenantId} and ${after === null ? sql`true` : sql`user_id > ${after}::uuid`}
        order by user_id limit ${limit + 1}`;
      return pageOf(rows, limit, (row) => row.userId);
    },
    async countOwners(tenantId) {
      const [row] = await sql<{ count: number }[]>`
        select count(*) as count from memberships where tenant_id = ${tenantId} and role = 'owner'`;
      return stored(row).count;
    },
  };
}

export function membershipWrites(sql: Sql): MembershipWrites {
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
