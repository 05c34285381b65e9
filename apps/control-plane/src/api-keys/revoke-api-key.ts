import { actorOf, type Context } from "../access/context.ts";
import { requireTenantAdmin, stillThere } from "../access/guards.ts";
import { seeApiKey } from "./see-api-key.ts";

/** Ends a key for good, of a cancelled tenant too; repeated, it changes nothing. */
export function revokeApiKey({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<void> {
  return ctx.store.change(actorOf(ctx), async (tx) => {
    const { row, view } = await seeApiKey(ctx, tx.apiKeys, input.id);
    requireTenantAdmin(ctx, view);
    stillThere(await tx.lockTenant(row.tenantId));
    if ((await tx.write.apiKeys.revoke(row.id)) === undefined) return;
    await tx.audit({
      tenantId: row.tenantId,
      product: null,
      action: "api_key.revoked",
      targetType: "api_key",
      targetId: row.id,
      metadata: { name: row.name, prefix: row.prefix },
    });
  });
}
