import { newestPositionOf, pageOf } from "../page.ts";
import type { Entitlement } from "../records.ts";
import type { EntitlementReads, EntitlementWrites, NewEntitlement } from "../port/entitlements.ts";
import type { Fragment, Sql } from "./client.ts";
import { entitlementColumns, inForceNow } from "./columns.ts";
import { olderThan } from "./paging.ts";
import { stored } from "./tenants.ts";

export function entitlementReads(sql: Sql): EntitlementReads {
  return {
    async list(tenantId, { limit, after }) {
      const rows = await sql<Entitlement[]>`
        select ${entitlementColumns(sql)} from entitlements e
        where e.tenant_id = ${tenantId} and ${olderThan(sql, sql`(e.created_at, e.id)`, after)}
        order by e.created_at desc, e.id desc limit ${limit + 1}`;
      return pageOf(rows, limit, newestPositionOf);
    },
    async findInForce(tenantId, product) {
      const [row] = await sql<Entitlement[]>`
        select ${entitlementColumns(sql)} from entitlements e
        where e.tenant_id = ${tenantId} and e.product = ${product} and ${inForceNow(sql)}`;
      return row;
    },
  };
}

export function entitlementWrites(sql: Sql): EntitlementWrites {
  return {
    async insert(entitlement) {
      const { id, tenantId, product, source, startsAt, orderId } = entitlement;
      const start = startsAt === null ? sql`now()` : sql`${startsAt}::timestamptz`;
      const [row] = await sql<Entitlement[]>`
        insert into entitlements as e
          (id, tenant_id, product, source, status, starts_at, ends_at, order_id)
        values (${id}, ${tenantId}, ${product}, ${source},
          ${source === "trial" ? "trialing" : "active"}, ${start}, ${endOf(sql, entitlement, start)}, ${orderId})
        returning ${entitlementColumns(sql)}`;
      return stored(row);
    },
    async end(entitlementId) {
      const [row] = await sql<Entitlement[]>`
        update entitlements e set ends_at = now(), updated_at = now()
        where e.id = ${entitlementId} and ${inForceNow(sql)}
        returning ${entitlementColumns(sql)}`;
      return row;
    },
  };
}

function endOf(sql: Sql, { ends }: NewEntitlement, start: Fragment) {
  if (ends === null) return sql`null`;
  if ("at" in ends) return sql`${ends.at}::timestamptz`;
  // Hours, not days: a day of a time zone with summer time may have 23 or 25.
  return sql`${start} + make_interval(hours => ${ends.afterDays * 24})`;
}
