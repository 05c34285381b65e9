import type { Instant } from "@leftrail/contract";
import type { JSONValue } from "postgres";
import type { Actor } from "../actor.ts";
import { auditColumns, chainEntry, emptyHead, type AuditHead } from "../audit-chain.ts";
import type { KeyRing } from "../key-ring.ts";
import type { AuditEntry } from "../records.ts";
import type { NewAuditEntry } from "../store.ts";
import type { Sql } from "./client.ts";
import { stored } from "./tenants.ts";

/** Appends to the tenant's chain inside the caller's transaction. */
export async function appendAudit(
  sql: Sql,
  ring: KeyRing,
  actor: Actor,
  entry: NewAuditEntry,
): Promise<AuditEntry> {
  const tenantRef = entry.tenantId;
  const { head, now } = await lockHead(sql, tenantRef);
  const columns = auditColumns(actor, entry, now);
  const { seq, hash, keyId, mac } = chainEntry(ring, head, columns);
  await sql`
    insert into audit_log (id, tenant_id, tenant_ref, product, actor_type, actor_id, action, target_type,
      target_id, metadata, ip, request_id, occurred_at, created_at, seq, hash, key_id)
    values (${columns.id}, ${tenantRef}, ${tenantRef}, ${columns.product}, ${columns.actorType},
      ${columns.actorId}, ${columns.action}, ${columns.targetType}, ${columns.targetId},
      ${sql.json(toJson(columns.metadata))}, ${columns.ip}, ${columns.requestId}, ${columns.occurredAt},
      ${columns.createdAt}, ${seq}, ${hash}, ${keyId})`;
  await sql`
    update audit_heads set seq = ${seq}, hash = ${hash}, mac = ${mac}, key_id = ${keyId}
    where tenant_ref = ${tenantRef}`;
  return { ...columns, tenantId: tenantRef, seq, hash, keyId };
}

// The lock on the head is what makes seq follow the order of commits.
async function lockHead(sql: Sql, tenantRef: string): Promise<{ head: AuditHead; now: Instant }> {
  await sql`
    insert into audit_heads (tenant_ref, seq, hash, mac, key_id)
    values (${tenantRef}, ${emptyHead.seq}, ${emptyHead.hash}, '', '')
    on conflict (tenant_ref) do nothing`;
  const [row] = await sql<(AuditHead & { now: Instant })[]>`
    select seq, hash, now() as now from audit_heads where tenant_ref = ${tenantRef} for update`;
  const { now, ...head } = stored(row);
  return { head, now };
}

function toJson(metadata: AuditEntry["metadata"]): JSONValue {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- metadata came out of JSON, or we wrote it as such
  return metadata as JSONValue;
}
