import { ProblemError, type OrderBody, type ProductRequestInput } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { refuseCancelled, requireTenantAdmin, seeTenant, stillThere } from "../access/guards.ts";
import { createOnce, type Created, type OnceRequest } from "../http/idempotency.ts";
import { toOrderBody } from "../orders/order-body.ts";
import { requireProduct } from "./require-product.ts";

/** Asks for a product; a platform admin decides. Who has it on trial may ask to keep it. */
export function requestProduct({
  ctx,
  input,
  once,
}: {
  ctx: Context;
  input: ProductRequestInput;
  once: OnceRequest | null;
}): Promise<Created<OrderBody>> {
  const { tenant_id: tenantId, product, note = null } = input;
  return createOnce(ctx, once, {
    async guard(tx) {
      const view = await seeTenant(ctx, tx.tenants, { id: tenantId });
      await requireProduct(tx.catalog, product);
      requireTenantAdmin(ctx, view);
    },
    async work(tx) {
      refuseCancelled(stillThere(await tx.lockTenant(tenantId)));
      const inForce = await tx.entitlements.findInForce(tenantId, product);
      if (inForce !== undefined && inForce.source !== "trial") {
        throw new ProblemError("conflict", "The tenant is entitled to this product already.");
      }
      // One open request is a constraint of the store, which speaks for itself.
      const order = await tx.write.orders.insert({
        id: ctx.newId(),
        tenantId,
        product,
        kind: "request",
        status: "requested",
        requestedBy: ctx.caller.principal.userId,
        note,
      });
      await tx.audit({
        tenantId,
        product,
        action: "catalog.requested",
        targetType: "order",
        targetId: order.id,
        metadata: { note },
      });
      return { body: toOrderBody(order) };
    },
  });
}
