import { newestPositionOf, pageOf } from "../page.ts";
import type { OrderReads, OrderWrites } from "../port/orders.ts";
import type { Order } from "../records.ts";
import { seen } from "../seen.ts";
import type { Sql } from "./client.ts";
import { olderThan } from "./paging.ts";
import { orderColumns } from "./columns.ts";
import { stored, tenantReads } from "./tenants.ts";

export function orderReads(sql: Sql): OrderReads {
  return {
    async find(orderId, viewer) {
      const [row] = await sql<Order[]>`select ${orderColumns(sql)} from orders o where o.id = ${orderId}`;
      return seen(tenantReads(sql), row, viewer);
    },
    async list({ tenantId, status }, { limit, after }) {
      const rows = await sql<Order[]>`
        select ${orderColumns(sql)} from orders o
        where o.tenant_id = ${tenantId} and ${status === null ? sql`true` : sql`o.status = ${status}`}
          and ${olderThan(sql, sql`(o.created_at, o.id)`, after)}
        order by o.created_at desc, o.id desc limit ${limit + 1}`;
      return pageOf(rows, limit, newestPositionOf);
    },
  };
}

export function orderWrites(sql: Sql): OrderWrites {
  return {
    async insert({ id, tenantId, product, kind, status, requestedBy, note }) {
      const [row] = await sql<Order[]>`
        insert into orders as o (id, tenant_id, product, kind, status, requested_by, note, decided_at)
        values (${id}, ${tenantId}, ${product}, ${kind}, ${status}, ${requestedBy}, ${note},
          ${status === "requested" ? sql`null` : sql`now()`})
        returning ${orderColumns(sql)}`;
      return stored(row);
    },
    async decide(orderId, status) {
      const [row] = await sql<Order[]>`
        update orders o set status = ${status}, decided_at = now()
        where o.id = ${orderId} and o.status = 'requested'
        returning ${orderColumns(sql)}`;
      return row;
    },
  };
}
