import { ProblemError, type TrialRequestInput } from "@leftrail/contract";
import type { Entitlement, Order } from "@leftrail/store";
import { actorOf, type Context } from "../access/context.ts";
import { refuseCancelled, requireTenantAdmin, seeTenant, stillThere } from "../access/guards.ts";

/** Gives a tenant its one trial of a product: a fulfilled order and the entitlement that it bought. */
export function startTrial({
  ctx,
  input,
}: {
  ctx: Context;
  input: TrialRequestInput;
}): Promise<{ order: Order; entitlement: Entitlement }> {
  const { tenant_id: tenantId, product } = input;
  return ctx.store.change(actorOf(ctx), async (tx) => {
    const view = await seeTenant(ctx, tx.tenants, { id: tenantId });
    const item = await tx.catalog.find(product);
    if (item === undefined) throw new ProblemError("not_found", "The product is not in the catalog.");
    requireTenantAdmin(ctx, view);
    refuseCancelled(stillThere(await tx.lockTenant(tenantId)));
    if (item.trialDays === null) throw new ProblemError("conflict", "This product offers no trial.");

    // One trial ever and one entitlement in force are constraints of the store, which speaks for itself.
    const order = await tx.write.orders.insert({
      id: ctx.newId(),
      tenantId,
      product,
      kind: "trial",
      status: "fulfilled",
      requestedBy: ctx.caller.principal.userId,
      note: null,
    });
    const entitlement = await tx.write.entitlements.insert({
      id: ctx.newId(),
      tenantId,
      product,
      source: "trial",
      startsAt: null,
      ends: { afterDays: item.trialDays },
      orderId: order.id,
    });
    await tx.audit({
      tenantId,
      product,
      action: "catalog.trial_started",
      targetType: "entitlement",
      targetId: entitlement.id,
      metadata: { order_id: order.id, trial_days: item.trialDays },
    });
    return { order, entitlement };
  });
}
