import type { Actor } from "../actor.ts";
import { auditColumns, chainEntry, continuedFrom, livingTenantOf } from "../audit-chain.ts";
import type { KeyRing } from "../key-ring.ts";
import type { AuditReads, NewAuditEntry, ReportedAuditEntry, TrailState } from "../port/audit.ts";
import type { AuditEntry } from "../records.ts";
import { refuseIf } from "./constraint-checks.ts";
import { newestFirst } from "./paging.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Tables } from "./tables.ts";

export function auditReads(snapshot: () => Snapshot): AuditReads {
  const trail = () => [...snapshot().tables.auditLog.values()];
  return {
    async list({ tenantRef, product, actorId, action, since, until }, page) {
      const rows = trail().filter(
        (row) =>
          (tenantRef === null || row.tenantRef === tenantRef) &&
          (product === null || row.product === product) &&
          (actorId === null || row.actorId === actorId) &&
          (action === null || row.action === action) &&
          (since === null || row.createdAt >= since) &&
          (until === null || row.createdAt < until),
      );
      return newestFirst(rows, page);
    },
    async chain(tenantRef, afterSeq, limit) {
      return trail()
        .filter((row) => row.tenantRef === tenantRef && row.seq > afterSeq)
        .toSorted((a, b) => a.seq - b.seq)
        .slice(0, limit);
    },
    state: async (tenantRef) => stateOf(snapshot().tables, tenantRef),
  };
}

/** Appends to the tenant's chain inside a unit of work. */
export function appendAudit(
  { tables, now }: Snapshot,
  ring: KeyRing,
  actor: Actor,
  entry: NewAuditEntry | ReportedAuditEntry,
): AuditEntry {
  const tenantId = livingTenantOf(entry);
  refuseIf(tenantId !== null && !tables.tenants.has(tenantId), "audit_log_tenant_fkey");
  const columns = auditColumns(actor, entry, now);
  const from = continuedFrom(ring, entry.tenantId, stateOf(tables, entry.tenantId));
  const { seq, hash, keyId, mac } = chainEntry(ring, from, columns);
  const stored = { ...columns, tenantId, seq, hash, keyId };
  tables.auditLog.set(stored.id, stored);
  tables.auditHeads.set(entry.tenantId, { seq, hash, mac, keyId });
  return stored;
}

function stateOf({ tenants, auditLog, auditHeads }: Tables, tenantRef: string): TrailState {
  let lastSeq = 0;
  for (const row of auditLog.values()) {
    if (row.tenantRef === tenantRef) lastSeq = Math.max(lastSeq, row.seq);
  }
  return { head: auditHeads.get(tenantRef), lastSeq, isTenantLiving: tenants.has(tenantRef) };
}
