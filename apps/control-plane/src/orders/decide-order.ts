import { ProblemError } from "@leftrail/contract";
import type { Change, Order, Reads, Seen } from "@leftrail/store";
import { actorOf, viewerOf, type Context } from "../access/context.ts";
import { refuseCancelled, requirePlatformAdmin, stillThere } from "../access/guards.ts";
import { decidedStatus, type OrderDecision } from "./order-states.ts";

interface Decision {
  readonly decision: OrderDecision;
  readonly action: "order.approved" | "order.rejected";
  /** What follows from it; answers what the trail should know of that. */
  readonly effect: (tx: Change, order: Order) => Promise<Readonly<Record<string, unknown>>>;
}

/** Closes an open order under its tenant's lock, so that of two decisions one comes too late. */
export function decideOrder(ctx: Context, orderId: string, decided: Decision): Promise<Order> {
  return ctx.store.change(actorOf(ctx), async (tx) => {
    const { tenantId } = (await seeOrder(ctx, tx.orders, orderId)).row;
    requirePlatformAdmin(ctx);
    refuseCancelled(stillThere(await tx.lockTenant(tenantId)));
    const { row: order } = await seeOrder(ctx, tx.orders, orderId);
    const status = decidedStatus(order.status, decided.decision);
    const metadata = await decided.effect(tx, order);
    const closed = stillOpen(await tx.write.orders.decide(orderId, status));
    await tx.audit({
      tenantId,
      product: order.product,
      action: decided.action,
      targetType: "order",
      targetId: orderId,
      metadata,
    });
    return closed;
  });
}

/** The same answer for an order that does not exist and for one of a tenant that the caller may not see. */
async function seeOrder(ctx: Context, orders: Reads["orders"], orderId: string): Promise<Seen<Order>> {
  const seen = await orders.find(orderId, viewerOf(ctx));
  if (seen === undefined) throw new ProblemError("not_found", "The order does not exist.");
  return seen;
}

function stillOpen(order: Order | undefined): Order {
  if (order === undefined) throw new ProblemError("conflict", "The order is not open.");
  return order;
}
