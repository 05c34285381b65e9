import { toTimestamp, type OrderBody } from "@leftrail/contract";
import type { Order } from "@leftrail/store";

/** An order as answers show it. */
export const toOrderBody = (order: Order): OrderBody => ({
  id: order.id,
  tenant_id: order.tenantId,
  product: order.product,
  kind: order.kind,
  status: order.status,
  requested_by: order.requestedBy,
  note: order.note,
  created_at: toTimestamp(order.createdAt),
  decided_at: order.decidedAt === null ? null : toTimestamp(order.decidedAt),
});
