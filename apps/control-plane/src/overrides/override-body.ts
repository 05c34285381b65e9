import { toTimestamp, type OverrideBody } from "@leftrail/contract";
import type { Override } from "@leftrail/store";

/** An override as answers show it. */
export const toOverrideBody = (override: Override): OverrideBody => ({
  id: override.id,
  tenant_id: override.tenantId,
  target_type: override.targetType,
  target: override.target,
  effect: override.effect,
  expires_at: override.expiresAt === null ? null : toTimestamp(override.expiresAt),
  reason: override.reason,
  created_at: toTimestamp(override.createdAt),
  updated_at: toTimestamp(override.updatedAt),
});
