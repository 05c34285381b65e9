import type { CreateTenantInput } from "@leftrail/contract";
import type { Tenant } from "@leftrail/store";
import { actorOf, type Context } from "../access/context.ts";
import { refuseCancelled, requireTenantAdmin, seeTenant, stillThere } from "../access/guards.ts";

/** Makes a pending tenant owned by the caller; below a parent only for its admin. */
export async function createTenant({
  ctx,
  input,
}: {
  ctx: Context;
  input: CreateTenantInput;
}): Promise<Tenant> {
  const parentTenantId = input.parent_tenant_id ?? null;
  return ctx.store.change(actorOf(ctx), async (tx) => {
    if (parentTenantId !== null) {
      requireTenantAdmin(ctx, await seeTenant(ctx, tx.tenants, { id: parentTenantId }));
      refuseCancelled(stillThere(await tx.lockTenant(parentTenantId)));
    }
    const { slug, name } = input;
    const tenant = await tx.write.tenants.insert({ id: ctx.newId(), slug, name, parentTenantId });
    const { userId } = ctx.caller.principal;
    await tx.write.memberships.put({ tenantId: tenant.id, userId, role: "owner" });
    await tx.audit({
      tenantId: tenant.id,
      product: null,
      action: "tenant.created",
      targetType: "tenant",
      targetId: tenant.id,
      metadata: { slug, name, parent_tenant_id: parentTenantId },
    });
    return tenant;
  });
}
