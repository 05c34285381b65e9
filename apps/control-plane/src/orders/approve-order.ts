import { ProblemError } from "@leftrail/contract";
import type { Change, Order } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { decideOrder } from "./decide-order.ts";

/** Gives the tenant what it asked for, open-ended, in place of a trial that is running. */
export const approveOrder = ({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<Order> =>
  decideOrder(ctx, input.id, {
    decision: "approve",
    action: "order.approved",
    async effect(tx, order) {
      const endedTrialId = await endTrial(tx, order);
      const entitlement = await tx.write.entitlements.insert({
        id: ctx.newId(),
        tenantId: order.tenantId,
        product: order.product,
        source: "purchase",
        startsAt: null,
        ends: null,
        orderId: order.id,
      });
      return { entitlement_id: entitlement.id, ended_trial_id: endedTrialId };
    },
  });

/** Ends a running trial of the product, in the moment in which the purchase begins. */
async function endTrial(tx: Change, { tenantId, product }: Order): Promise<string | null> {
  const inForce = await tx.entitlements.findInForce(tenantId, product);
  if (inForce === undefined) return null;
  if (inForce.source !== "trial") {
    throw new ProblemError("conflict", "The tenant is entitled to this product already.");
  }
  await tx.write.entitlements.end(inForce.id);
  return inForce.id;
}
