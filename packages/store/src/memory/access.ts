import type { Role, TenantStatus } from "@leftrail/contract";
import type { Tenant } from "../records.ts";
import { membershipKey, type Tables } from "./tables.ts";

/** What a user holds on a tenant: a role of their own, and admin rights, own or from above. */
export interface Held {
  readonly role: Role | null;
  readonly isTenantAdmin: boolean;
}

/** Undefined when the tenant is none of the user's. */
export function heldOn(tables: Tables, tenant: Tenant, userId: string): Held | undefined {
  const role = roleOn(tables, tenant.id, userId);
  const fromAbove = ancestorsOf(tables, tenant).some(
    (ancestor) => confersAdmin(ancestor.status) && isAdminRole(roleOn(tables, ancestor.id, userId)),
  );
  if (role === null && !fromAbove) return undefined;
  return { role, isTenantAdmin: isAdminRole(role) || fromAbove };
}

const roleOn = (tables: Tables, tenantId: string, userId: string): Role | null =>
  tables.memberships.get(membershipKey(tenantId, userId))?.role ?? null;

export const isAdminRole = (role: Role | null): boolean => role === "owner" || role === "admin";

const confersAdmin = (status: TenantStatus): boolean => status !== "cancelled";

/** From the parent upwards; a cycle made by hand ends it. */
export function ancestorsOf(tables: Pick<Tables, "tenants">, tenant: Tenant): readonly Tenant[] {
  const ancestors = new Set<Tenant>();
  let parentId = tenant.parentTenantId;
  while (parentId !== null) {
    const parent = tables.tenants.get(parentId);
    if (parent === undefined || ancestors.has(parent)) break;
    ancestors.add(parent);
    parentId = parent.parentTenantId;
  }
  return [...ancestors];
}
