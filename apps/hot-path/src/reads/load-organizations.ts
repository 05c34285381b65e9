import { toTimestamp, type Organization, type OrganizationsBody } from "@leftrail/contract";
import type { Loaded } from "@leftrail/read-cache";
import type { SidebarOrganization, SidebarReads } from "@leftrail/store";

/** The organizations of one user's left rail, sorted by slug. Time alone never changes them. */
export async function loadOrganizations({
  ctx,
  input,
}: {
  ctx: { readonly sidebar: Pick<SidebarReads, "organizations"> };
  input: { readonly userId: string };
}): Promise<Loaded> {
  const rows = await ctx.sidebar.organizations(input.userId);
  const body: OrganizationsBody = { organizations: rows.map(toOrganization) };
  return { kind: "found", body: JSON.stringify(body), endsInMs: null };
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
