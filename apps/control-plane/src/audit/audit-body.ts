import { toTimestamp, type AuditEntryBody } from "@leftrail/contract";
import type { AuditEntry } from "@leftrail/store";

/** An audit entry as answers show it; without a tenant once that is deleted. */
export const toAuditBody = (entry: AuditEntry): AuditEntryBody => ({
  id: entry.id,
  tenant_id: entry.tenantId,
  product: entry.product,
  actor_type: entry.actorType,
  actor_id: entry.actorId,
  action: entry.action,
  target_type: entry.targetType,
  target_id: entry.targetId,
  metadata: entry.metadata,
  ip: entry.ip,
  request_id: entry.requestId,
  occurred_at: entry.occurredAt === null ? null : toTimestamp(entry.occurredAt),
  created_at: toTimestamp(entry.createdAt),
  seq: entry.seq,
  hash: entry.hash,
});
