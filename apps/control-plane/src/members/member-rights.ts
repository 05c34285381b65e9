import { ProblemError, type Role } from "@leftrail/contract";
import type { Membership, Reads } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { requireOwner, requireTenantAdmin, seeTenant } from "../access/guards.ts";

/**
 * Throws unless the caller may give the user this role, or with null take theirs
 * away. Only owners and platform admins touch `owner`, be it the old role or the new.
 */
export async function mayChangeMember(
  ctx: Context,
  reads: Pick<Reads, "tenants" | "memberships">,
  { tenantId, userId, role }: { tenantId: string; userId: string; role: Role | null },
): Promise<void> {
  const view = await seeTenant(ctx, reads.tenants, { id: tenantId });
  // Before looking for the member: who may not read the list can't ask for one of it either.
  requireTenantAdmin(ctx, view);
  const member = await reads.memberships.find(tenantId, userId);
  if (role === null) stillMember(member);
  if (role === "owner" || member?.role === "owner") requireOwner(ctx, view);
}

export function stillMember(member: Membership | undefined): Membership {
  if (member === undefined) throw new ProblemError("not_found", "The user is not a member of the tenant.");
  return member;
}

/** Throws when the member, who is to lose the role, is the tenant's last owner. Needs the tenant's lock. */
export async function keepAnOwner(
  { memberships }: Pick<Reads, "memberships">,
  member: Membership | undefined,
): Promise<void> {
  if (member?.role === "owner" && (await memberships.countOwners(member.tenantId)) === 1) {
    throw new ProblemError("conflict", "A tenant keeps at least one owner.");
  }
}
