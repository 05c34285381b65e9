import { ProblemError } from "@leftrail/contract";
import { actorOf, viewerOf, type Context } from "../access/context.ts";
import { requirePlatformAdmin, stillThere } from "../access/guards.ts";

/** Takes an override away; of a cancelled tenant too. */
export function removeOverride({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<void> {
  return ctx.store.change(actorOf(ctx), async (tx) => {
    // The same answer for one that does not exist and for one of a tenant that the caller may not see.
    const seen = await tx.overrides.find(input.id, viewerOf(ctx));
    if (seen === undefined) throw notFound();
    requirePlatformAdmin(ctx);
    const { id, tenantId, targetType, target, effect } = seen.row;
    stillThere(await tx.lockTenant(tenantId));
    if (!(await tx.write.overrides.remove(tenantId, id))) throw notFound();
    await tx.audit({
      tenantId,
      product: targetType === "product" ? target : null,
      action: "override.removed",
      targetType: "override",
      targetId: id,
      metadata: { target_type: targetType, target, effect },
    });
  });
}

const notFound = (): ProblemError => new ProblemError("not_found", "The override does not exist.");
