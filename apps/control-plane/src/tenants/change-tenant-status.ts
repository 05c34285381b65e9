import type { Tenant, TenantView } from "@leftrail/store";
import { actorOf, type Context } from "../access/context.ts";
import { seeTenant, stillThere } from "../access/guards.ts";

interface StatusChange {
  readonly to: "active" | "cancelled";
  readonly action: "tenant.activated" | "tenant.cancelled";
  /** Throws when the caller, who sees the tenant, may not do it. */
  readonly mayDoIt: (view: TenantView) => void;
  /** Throws when the tenant's state does not allow it. */
  readonly isPossible: (tenant: Tenant) => void;
}

/** Moves a tenant to a status, once: where it is there already nothing changes and nothing is audited. */
export function changeTenantStatus(ctx: Context, tenantId: string, change: StatusChange): Promise<Tenant> {
  return ctx.store.change(actorOf(ctx), async (tx) => {
    change.mayDoIt(await seeTenant(ctx, tx.tenants, { id: tenantId }));
    const before = stillThere(await tx.lockTenant(tenantId));
    if (before.status === change.to) return before;
    change.isPossible(before);
    const after = stillThere(await tx.write.tenants.setStatus(tenantId, change.to));
    await tx.audit({
      tenantId,
      product: null,
      action: change.action,
      targetType: "tenant",
      targetId: tenantId,
      metadata: { from: before.status },
    });
    return after;
  });
}
