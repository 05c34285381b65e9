import type { Instant } from "@leftrail/contract";
import type { Actor } from "../actor.ts";
import {
  auditColumns,
  chainEntry,
  continuedFrom,
  emptyHead,
  livingTenantOf,
  type AuditHead,
} from "../audit-chain.ts";
import type { KeyRing } from "../key-ring.ts";
import type { AuditEntry, NewestPosition, PageRequest } from "../records.ts";
import type {
  AuditFilters,
  AuditReads,
  NewAuditEntry,
  ReportedAuditEntry,
  StoredAuditHead,
  TrailState,
} from "../port/audit.ts";
import { newestPositionOf, pageOf } from "../page.ts";
import type { Fragment, Sql } from "./client.ts";
import { olderThan } from "./paging.ts";
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
  const { tail, now } = await lockTail(sql, ring, tenantRef);
  const columns = auditColumns(actor, entry, now);
  const { seq, hash, keyId, mac } = chainEntry(ring, tail, columns);
  // As text, for sql.json would send it as jsonb, which sorts keys and writes numbers out.
  await sql`
    insert into audit_log (id, tenant_id, tenant_ref, product, actor_type, actor_id, action, target_type,
      target_id, metadata, ip, request_id, occurred_at, created_at, seq, hash, key_id)
    values (${columns.id}, ${tenantId}, ${tenantRef}, ${columns.product}, ${columns.actorType},
      ${columns.actorId}, ${columns.action}, ${columns.targetType}, ${columns.targetId},
      ${JSON.stringify(columns.metadata)}::text::json, ${columns.ip}, ${columns.requestId}, ${columns.occurredAt},
      ${columns.createdAt}, ${seq}, ${hash}, ${keyId})`;
  await sql`
    update audit_heads set seq = ${seq}, hash = ${hash}, mac = ${mac}, key_id = ${keyId}
    where tenant_ref = ${tenantRef}`;
  return { ...columns, tenantId, seq, hash, keyId };
}

// Under the lock on the head seq and created_at follow the order of commits: who polls by time misses none.
async function lockTail(
  sql: Sql,
  ring: KeyRing,
  tenantRef: string,
): Promise<{ tail: AuditHead; now: Instant }> {
  await sql`
    insert into audit_heads (tenant_ref, seq, hash, mac, key_id)
    values (${tenantRef}, ${emptyHead.seq}, ${emptyHead.hash}, '', '')
    on conflict (tenant_ref) do nothing`;
  // Behind a wait for the lock last_seq is older than the head, which is no finding.
  const [row] = await sql<(StoredAuditHead & { now: Instant; lastSeq: number })[]>`
    with locked as materialized (
      select seq, hash, mac, key_id from audit_heads where tenant_ref = ${tenantRef} for update
    )
    select locked.*, clock_timestamp() as now, ${lastSeqOf(sql, tenantRef)} as last_seq from locked`;
  const { now, lastSeq, ...head } = stored(row);
  const isNew = head.seq === emptyHead.seq;
  return { tail: continuedFrom(ring, tenantRef, { head: isNew ? undefined : head, lastSeq }), now };
}

const lastSeqOf = (sql: Sql, tenantRef: string) => sql`
  coalesce((select max(a.seq) from audit_log a where a.tenant_ref = ${tenantRef}), 0)`;

export function auditReads(sql: Sql): AuditReads {
  return {
    async list(filters, page) {
      return pageOf(await selectPage(sql, filters, page), page.limit, newestPositionOf);
    },
    async chain(tenantRef, afterSeq, limit) {
      return sql<AuditEntry[]>`
        select ${entryColumns(sql)} from audit_log a
        where a.tenant_ref = ${tenantRef} and a.seq > ${afterSeq}
        order by a.seq limit ${limit}`;
    },
    async state(tenantRef) {
      type Row = { [K in keyof StoredAuditHead]: StoredAuditHead[K] | null } & Omit<TrailState, "head">;
      const [row] = await sql<Row[]>`
        select h.seq, h.hash, h.mac, h.key_id, ${lastSeqOf(sql, tenantRef)} as last_seq,
          exists (select 1 from tenants t where t.id = ${tenantRef}) as is_tenant_living
        from (select ${tenantRef}::uuid as tenant_ref) asked left join audit_heads h using (tenant_ref)`;
      const { seq, hash, mac, keyId, lastSeq, isTenantLiving } = stored(row);
      const isThere = seq !== null && hash !== null && mac !== null && keyId !== null;
      return { head: isThere ? { seq, hash, mac, keyId } : undefined, lastSeq, isTenantLiving };
    },
  };
}

/** The rows of a page and one more. Each filter has an index that gives them in this order. */
export function selectPage(
  sql: Sql,
  { tenantRef, product, actorId, action, since, until }: AuditFilters,
  { limit, after }: PageRequest<NewestPosition>,
) {
  const when = (isSet: boolean, condition: Fragment) => (isSet ? condition : sql`true`);
  const isFiltered = product !== null || actorId !== null || action !== null;
  // What a partial index asks for; see the migration.
  const ofAll = isFiltered ? sql`a.seq > -1` : sql`a.seq > 0`;
  return sql<AuditEntry[]>`
    select ${entryColumns(sql)} from audit_log a
    where ${tenantRef === null ? ofAll : sql`a.tenant_ref = ${tenantRef}`}
      and ${when(product !== null, sql`a.product = ${product}`)}
      and ${when(actorId !== null, sql`a.actor_id = ${actorId}`)}
      and ${when(action !== null, sql`a.action = ${action}`)}
      and ${when(since !== null, sql`a.created_at >= ${since}::timestamptz`)}
      and ${when(until !== null, sql`a.created_at < ${until}::timestamptz`)}
      and ${olderThan(sql, sql`(a.created_at, a.id)`, after)}
    order by a.created_at desc, a.id desc limit ${limit + 1}`;
}

const entryColumns = (sql: Sql) => sql`
  a.id, a.tenant_id, a.tenant_ref, a.product, a.actor_type, a.actor_id, a.action, a.target_type, a.target_id,
  a.metadata, a.ip, a.request_id, a.occurred_at, a.created_at, a.seq, a.hash, a.key_id`;
