import { toTimestamp, type ApiKeyBody, type Instant } from "@leftrail/contract";
import type { ApiKey } from "@leftrail/store";

/** A key as answers show it. */
export const toApiKeyBody = (apiKey: ApiKey): ApiKeyBody => ({
  id: apiKey.id,
  tenant_id: apiKey.tenantId,
  name: apiKey.name,
  prefix: apiKey.prefix,
  scopes: [...apiKey.scopes],
  created_by: apiKey.createdBy,
  created_at: toTimestamp(apiKey.createdAt),
  expires_at: timestampOrNull(apiKey.expiresAt),
  last_used_at: timestampOrNull(apiKey.lastUsedAt),
  revoked_at: timestampOrNull(apiKey.revokedAt),
});

const timestampOrNull = (instant: Instant | null): string | null =>
  instant === null ? null : toTimestamp(instant);
