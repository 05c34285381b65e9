import { ProblemError } from "@leftrail/contract";
import { actorOf, type Context } from "../access/context.ts";
import { requirePlatformAdmin, seeTenant, stillThere } from "../access/guards.ts";

/** Removes a cancelled tenant with all that belongs to it. Its trail stays, and gets its last entry. */
export function deleteTenant({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<void> {
  return ctx.store.change(actorOf(ctx), async (tx) => {
    await seeTenant(ctx, tx.tenants, { id: input.id });
    requirePlatformAdmin(ctx);
    const { id, slug, name, status, parentTenantId } = stillThere(await tx.lockTenant(input.id));
    if (status !== "cancelled") throw new ProblemError("conflict", "Only a cancelled tenant can be deleted.");
    if (await tx.tenants.hasChildren(id)) {
      throw new ProblemError("conflict", "The tenant has other tenants below it.");
    }
    await tx.write.tenants.remove(id);
    await tx.audit({
      tenantId: id,
      product: null,
      action: "tenant.deleted",
      targetType: "tenant",
      targetId: id,
      metadata: { slug, name, parent_tenant_id: parentTenantId },
    });
  });
}
