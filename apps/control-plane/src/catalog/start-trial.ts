import { ProblemError, type TrialBody, type TrialRequestInput } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { refuseCancelled, requireTenantAdmin, seeTenant, stillThere } from "../access/guards.ts";
import { toEntitlementBody } from "../entitlements/entitlement-body.ts";
import { createOnce, type Created, type OnceRequest } from "../http/idempotency.ts";
import { toOrderBody } from "../orders/order-body.ts";
import { requireProduct } from "./require-product.ts";

/** Gives a tenant its one trial of a product: a fulfilled order and the entitlement that it bought. */
export function startTrial({
  ctx,
  input,
  once,
}: {
  ctx: Context;
  input: TrialRequestInput;
  once: OnceRequest | null;
}): Promise<Created<TrialBody>> {
  const { tenant_id: tenantId, product } = input;
  return createOnce(ctx, once, {
    async guard(tx) {
      const view = await seeTenant(ctx, tx.tenants, { id: tenantId });
      const item = await requireProduct(tx.catalog, product);
      requireTenantAdmin(ctx, view);
      return item;
    },
    async work(tx, { trialDays }) {
      refuseCancelled(stillThere(await tx.lockTenant(tenantId)));
      if (trialDays === null) throw new ProblemError("conflict", "This product offers no trial.");

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
        ends: { afterDays: trialDays },
        orderId: order.id,
      });
      await tx.audit({
        tenantId,
        product,
        action: "catalog.trial_started",
        targetType: "entitlement",
        targetId: entitlement.id,
        metadata: { order_id: order.id, trial_days: trialDays },
      });
      return { body: { order: toOrderBody(order), entitlement: toEntitlementBody(entitlement) } };
    },
  });
}
