import type { Instant } from "@leftrail/contract";
import type { JSONValue } from "postgres";
import type { Actor } from "../actor.ts";
import { auditColumns, chainEntry, emptyHead, livingTenantOf, type AuditHead } from "../audit-chain.ts";
import type { KeyRing } from "../key-ring.ts";
import type { AuditEntry } from "../records.ts";
import type { AuditReads, NewAuditEntry, ReportedAuditEntry, StoredAuditHead } from "../port/audit.ts";
import { newestPositionOf, pageOf } from "../page.ts";
import type { Fragment, Sql } from "./client.ts";
import { stored } from "./tenants.ts";

/** Appends to the tenant's chain inside the caller's transaction. */
export async function appendAudit(
  sql: Sql,
  ring: KeyRing,
  actor: Actor,
  entry: NewAuditEntry | ReportedAuditEntry,
): Promise<AuditEntry> {
  const tenantRef = entry.tenantId;
  const tenantId = livingTenantOf(entry);
  const { head, now } = await lockHead(sql, tenantRef);
  const columns = auditColumns(actor, entry, now);
  const { seq, hash, keyId, mac } = chainEntry(ring, head, columns);
  await sql`
    insert into audit_log (id, tenant_id, tenant_ref, product, actor_type, actor_id, action, target_type,
      target_id, metadata, ip, request_id, occurred_at, created_at, seq, hash, key_id)
    values (${columns.id}, ${tenantId}, ${tenantRef}, ${columns.product}, ${columns.actorType},
      ${columns.actorId}, ${columns.action}, ${columns.targetType}, ${columns.targetId},
      ${sql.json(toJson(columns.metadata))}, ${columns.ip}, ${columns.requestId}, ${columns.occurredAt},
      ${columns.createdAt}, ${seq}, ${hash}, ${keyId})`;
  await sql`
    update audit_heads set seq = ${seq}, hash = ${hash}, mac = ${mac}, key_id = ${keyId}
    where tenant_ref = ${tenantRef}`;
  return { ...columns, tenantId, seq, hash, keyId };
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

export function auditReads(sql: Sql): AuditReads {
  return {
    async list(filters, { limit, after }) {
      const { tenantRef, product, actorId, action, since, until } = filters;
      const when = (isSet: boolean, condition: Fragment) => (isSet ? condition : sql`true`);
      const rows = await sql<AuditEntry[]>`
        select ${entryColumns(sql)} from audit_log a
        where ${when(tenantRef !== null, sql`a.tenant_ref = ${tenantRef}`)}
          and ${when(product !== null, sql`a.product = ${product}`)}
          and ${when(actorId !== null, sql`a.actor_id = ${actorId}`)}
          and ${when(action !== null, sql`a.action = ${action}`)}
          and ${when(since !== null, sql`a.created_at >= ${since}::timestamptz`)}
          and ${when(until !== null, sql`a.created_at < ${until}::timestamptz`)}
          and ${
            after === null
              ? sql`true`
              : sql`(a.created_at, a.id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`
          }
        order by a.created_at desc, a.id desc limit ${limit + 1}`;
      return pageOf(rows, limit, newestPositionOf);
    },
    async chain(tenantRef, afterSeq, limit) {
      return sql<AuditEntry[]>`
        select ${entryColumns(sql)} from audit_log a
        where a.tenant_ref = ${tenantRef} and a.seq > ${afterSeq}
        order by a.seq limit ${limit}`;
    },
    async head(tenantRef) {
      const [row] = await sql<StoredAuditHead[]>`
        select seq, hash, mac, key_id from audit_heads where tenant_ref = ${tenantRef}`;
      return row;
    },
  };
}

const entryColumns = (sql: Sql) => sql`
  a.id, a.tenant_id, a.tenant_ref, a.product, a.actor_type, a.actor_id, a.action, a.target_type, a.target_id,
  a.metadata, a.ip, a.request_id, a.occurred_at, a.created_at, a.seq, a.hash, a.key_id`;
