import { ProblemError, type UpdateTenantInput } from "@leftrail/contract";
import type { Change, Tenant, TenantView } from "@leftrail/store";
import { actorOf, type Context } from "../access/context.ts";
import {
  refuseCancelled,
  requirePlatformAdmin,
  requireTenantAdmin,
  seeTenant,
  stillThere,
} from "../access/guards.ts";
import { changedFields, toStored } from "./tenant-change.ts";

type Input = UpdateTenantInput & { readonly id: string };

/** Renames a tenant, or moves it below another parent; what is there already is no change. */
export function updateTenant({ ctx, input }: { ctx: Context; input: Input }): Promise<Tenant> {
  return ctx.store.change(actorOf(ctx), async (tx) => {
    await mayUpdate(ctx, tx, await seeTenant(ctx, tx.tenants, { id: input.id }), input);

    if (input.parent_tenant_id !== undefined && ctx.caller.principal.isPlatformAdmin) {
      await tx.lockHierarchy();
    }
    const before = stillThere(await tx.lockTenant(input.id));
    refuseCancelled(before);
    const fields = changedFields(before, input);
    if (Object.keys(fields.to).length === 0) return before;
    const change = toStored(fields.to);
    if (change.parentTenantId !== undefined) await canMove(ctx, tx, before.id, change.parentTenantId);

    const after = stillThere(await tx.write.tenants.update(before.id, change));
    await tx.audit({
      tenantId: before.id,
      product: null,
      action: "tenant.updated",
      targetType: "tenant",
      targetId: before.id,
      metadata: { ...fields },
    });
    return after;
  });
}

async function mayUpdate(ctx: Context, tx: Change, view: TenantView, input: Input): Promise<void> {
  const { parent_tenant_id: parentId } = changedFields(view.tenant, input).to;
  if (parentId !== undefined && parentId !== null) await seeTenant(ctx, tx.tenants, { id: parentId });
  requireTenantAdmin(ctx, view);
  if (parentId !== undefined) requirePlatformAdmin(ctx);
}

async function canMove(ctx: Context, tx: Change, tenantId: string, parentId: string | null): Promise<void> {
  // Once more: the parent that a tenant admin repeated may have changed before the lock was ours.
  requirePlatformAdmin(ctx);
  if (parentId === null) return;
  if (await tx.tenants.isWithin(parentId, tenantId)) {
    throw new ProblemError("conflict", "A tenant can't stand below itself.");
  }
  refuseCancelled(stillThere(await tx.lockTenant(parentId)));
}
