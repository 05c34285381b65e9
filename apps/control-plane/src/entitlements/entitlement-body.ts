import { toTimestamp, type EntitlementBody } from "@leftrail/contract";
import type { Entitlement } from "@leftrail/store";

/** An entitlement as answers show it. */
export const toEntitlementBody = (entitlement: Entitlement): EntitlementBody => ({
  id: entitlement.id,
  tenant_id: entitlement.tenantId,
  product: entitlement.product,
  source: entitlement.source,
  status: entitlement.status,
  starts_at: toTimestamp(entitlement.startsAt),
  ends_at: entitlement.endsAt === null ? null : toTimestamp(entitlement.endsAt),
  order_id: entitlement.orderId,
  created_at: toTimestamp(entitlement.createdAt),
  updated_at: toTimestamp(entitlement.updatedAt),
});
