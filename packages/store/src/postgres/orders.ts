import type { Order } from "../records.ts";
import type { Writes } from "../store.ts";
import type { Sql } from "./client.ts";
import { orderColumns } from "./columns.ts";
import { stored } from "./tenants.ts";

export function orderWrites(sql: Sql): Writes["orders"] {
  return {
    async insert({ id, tenantId, product, kind, status, requestedBy, note }) {
      const [row] = await sql<Order[]>`
        insert into orders as o (id, tenant_id, product, kind, status, requested_by, note, decided_at)
        values (${id}, ${tenantId}, ${product}, ${kind}, ${status}, ${requestedBy}, ${note},
          ${status === "requested" ? sql`null` : sql`now()`})
        returning ${orderColumns(sql)}`;
      return stored(row);
    },
  };
}
