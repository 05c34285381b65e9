import type { Context } from "../access/context.ts";
import { requireTenantAdmin, seeTenant } from "../access/guards.ts";

/**
 * Lets through a tenant's admins, and platform admins also where only the trail is left of
 * the tenant. To everybody else a deleted tenant is what a random id is.
 */
export async function seeTrail(ctx: Context, tenantId: string): Promise<void> {
  if (ctx.caller.principal.isPlatformAdmin && (await hasTrail(ctx, tenantId))) return;
  requireTenantAdmin(ctx, await seeTenant(ctx, ctx.store.read.tenants, { id: tenantId }));
}

async function hasTrail(ctx: Context, tenantId: string): Promise<boolean> {
  const { head, lastSeq } = await ctx.store.read.auditLog.state(tenantId);
  return head !== undefined || lastSeq > 0;
}
