import { toTimestamp, type Organization, type OrganizationsBody } from "@leftrail/contract";
import type { ReadStore, SidebarOrganization } from "@leftrail/store";

/** The organizations of one user's left rail, sorted by slug. */
export async function getOrganizations({
  ctx,
  input,
}: {
  ctx: { readonly store: ReadStore };
  input: { readonly userId: string };
}): Promise<OrganizationsBody> {
  const rows = await ctx.store.read.sidebar.organizations(input.userId);
  return { organizations: rows.map(toOrganization) };
}

const toOrganization = ({ tenant, role }: SidebarOrganization): Organization => ({
  id: tenant.id,
  slug: tenant.slug,
  name: tenant.name,
  status: tenant.status,
  parentOrganizationId: tenant.parentTenantId,
  accessType: role === null ? "parent_admin" : "member",
  role,
  createdAt: toTimestamp(tenant.createdAt),
  updatedAt: toTimestamp(tenant.updatedAt),
});
