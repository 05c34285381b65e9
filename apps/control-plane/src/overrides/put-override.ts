import { toTimestamp, type PutOverrideInput } from "@leftrail/contract";
import type { Override } from "@leftrail/store";
import { actorOf, type Context } from "../access/context.ts";
import { refuseCancelled, requirePlatformAdmin, seeTenant, stillThere } from "../access/guards.ts";
import { requireProduct } from "../catalog/require-product.ts";

/** Sets the one override of a tenant and target; the same again changes nothing. */
export function putOverride({
  ctx,
  input,
}: {
  ctx: Context;
  input: PutOverrideInput;
}): Promise<{ readonly override: Override; readonly isNew: boolean }> {
  const { tenant_id: tenantId, target_type: targetType, target, effect } = input;
  const term = { effect, expiresAt: input.expires_at ?? null, reason: input.reason ?? null };
  return ctx.store.change(actorOf(ctx), async (tx) => {
    await seeTenant(ctx, tx.tenants, { id: tenantId });
    if (targetType === "product") await requireProduct(tx.catalog, target);
    requirePlatformAdmin(ctx);
    refuseCancelled(stillThere(await tx.lockTenant(tenantId)));

    const before = await tx.overrides.findByTarget({ tenantId, targetType, target });
    if (before !== undefined && isSame(before, term)) return { override: before, isNew: false };
    const id = ctx.newId();
    const override = await tx.write.overrides.put({ id, tenantId, targetType, target, ...term });
    await tx.audit({
      tenantId,
      product: targetType === "product" ? target : null,
      action: "override.set",
      targetType: "override",
      targetId: override.id,
      metadata: {
        target_type: targetType,
        target,
        from: before === undefined ? null : termBody(before),
        to: termBody(override),
      },
    });
    // One that was switched off is replaced too, though nobody was shown it.
    return { override, isNew: override.id === id };
  });
}

type Term = Pick<Override, "effect" | "expiresAt" | "reason">;

const isSame = (a: Term, b: Term): boolean =>
  a.effect === b.effect && a.expiresAt === b.expiresAt && a.reason === b.reason;

const termBody = ({ effect, expiresAt, reason }: Term) => ({
  effect,
  expires_at: expiresAt === null ? null : toTimestamp(expiresAt),
  reason,
});
