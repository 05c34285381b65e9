import { toTimestamp, type TenantBody } from "@leftrail/contract";
import type { Tenant } from "@leftrail/store";

/** A tenant as answers show it. */
export const toTenantBody = (tenant: Tenant): TenantBody => ({
  id: tenant.id,
  slug: tenant.slug,
  name: tenant.name,
  status: tenant.status,
  parent_tenant_id: tenant.parentTenantId,
  created_at: toTimestamp(tenant.createdAt),
  updated_at: toTimestamp(tenant.updatedAt),
  activated_at: tenant.activatedAt === null ? null : toTimestamp(tenant.activatedAt),
  cancelled_at: tenant.cancelledAt === null ? null : toTimestamp(tenant.cancelledAt),
});
