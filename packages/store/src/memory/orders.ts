import type { OrderReads, OrderWrites } from "../port/orders.ts";
import { seen } from "../seen.ts";
import { refuseIf } from "./constraint-checks.ts";
import { newestFirst } from "./paging.ts";
import type { Snapshot } from "./snapshot.ts";
import { tenantReads } from "./tenants.ts";

export function orderReads(snapshot: () => Snapshot): OrderReads {
  return {
    find: async (orderId, viewer) =>
      seen(tenantReads(snapshot), snapshot().tables.orders.get(orderId), viewer),
    async list({ tenantId, status }, page) {
      const rows = [...snapshot().tables.orders.values()].filter(
        (row) => row.tenantId === tenantId && (status === null || row.status === status),
      );
      return newestFirst(rows, page);
    },
  };
}

export function orderWrites({ tables, now }: Snapshot): OrderWrites {
  return {
    async insert(order) {
      refuseIf(tables.orders.has(order.id), "orders_pkey");
      const same = [...tables.orders.values()].filter(
        ({ tenantId, product }) => tenantId === order.tenantId && product === order.product,
      );
      refuseIf(
        order.status === "requested" && same.some(({ status }) => status === "requested"),
        "orders_one_open_request",
      );
      refuseIf(order.kind === "trial" && same.some(({ kind }) => kind === "trial"), "orders_one_trial_ever");
      refuseIf(!tables.tenants.has(order.tenantId), "orders_tenant_fkey");
      refuseIf(!tables.catalogProducts.has(order.product), "orders_product_fkey");
      const row = { ...order, createdAt: now, decidedAt: order.status === "requested" ? null : now };
      tables.orders.set(row.id, row);
      return row;
    },
    async decide(orderId, status) {
      const order = tables.orders.get(orderId);
      if (order?.status !== "requested") return undefined;
      const row = { ...order, status, decidedAt: now };
      tables.orders.set(orderId, row);
      return row;
    },
  };
}
