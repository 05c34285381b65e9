import { ProblemError } from "@leftrail/contract";
import type { Reads, Tenant, TenantView } from "@leftrail/store";
import { viewerOf, type Context } from "./context.ts";

/** The same answer for a tenant that does not exist and for one that the caller may not see. */
export async function seeTenant(
  ctx: Context,
  tenants: Reads["tenants"],
  by: { id: string } | { slug: string },
): Promise<TenantView> {
  const view = await tenants.find(by, viewerOf(ctx));
  if (view === undefined) throw new ProblemError("not_found", "The tenant does not exist.");
  return view;
}

export function requireTenantAdmin(ctx: Context, { isTenantAdmin }: TenantView): void {
  if (!isTenantAdmin && !ctx.caller.principal.isPlatformAdmin) {
    throw new ProblemError("forbidden", "Only an owner or admin of the tenant may do this.");
  }
}

export function requireOwner(ctx: Context, { role }: TenantView): void {
  if (role !== "owner" && !ctx.caller.principal.isPlatformAdmin) {
    throw new ProblemError("forbidden", "Only an owner of the tenant may do this.");
  }
}

export function requirePlatformAdmin({ caller }: Context): void {
  if (!caller.principal.isPlatformAdmin) {
    throw new ProblemError("forbidden", "Only a platform admin may do this.");
  }
}

/** A row that was seen a moment ago and is gone by now was deleted in between. */
export function stillThere(tenant: Tenant | undefined): Tenant {
  if (tenant === undefined) throw new ProblemError("not_found", "The tenant does not exist.");
  return tenant;
}

export function refuseCancelled({ status }: Tenant): void {
  if (status === "cancelled") throw new ProblemError("conflict", "The tenant is cancelled.");
}
