import { createHmac } from "node:crypto";
import type { Instant } from "@leftrail/contract";
import canonicalize from "canonicalize";
import { v7 as uuidv7 } from "uuid";
import { actorColumns, type Actor } from "./actor.ts";
import type { KeyRing } from "./key-ring.ts";
import type { AuditEntry } from "./records.ts";
import type { NewAuditEntry, ReportedAuditEntry } from "./port/audit.ts";

/** The newest entry of a tenant's chain, kept apart so that a cut tail is found. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
}

/** The head before the first entry. */
export const emptyHead: AuditHead = { seq: 0, hash: "" };

/** What the chain covers: every column that never changes. tenant_id does, when the tenant is deleted. */
export type ChainedColumns = Omit<AuditEntry, "tenantId" | "hash" | "keyId" | "seq">;

/** The columns of a new entry, by whom and when. */
export const auditColumns = (
  actor: Actor,
  entry: NewAuditEntry | ReportedAuditEntry,
  createdAt: Instant,
): ChainedColumns => ({
  id: uuidv7(),
  tenantRef: entry.tenantId,
  product: entry.product,
  ...actorColumns(actor),
  action: entry.action,
  targetType: entry.targetType,
  targetId: entry.targetId,
  metadata: entry.metadata,
  occurredAt: "occurredAt" in entry ? entry.occurredAt : null,
  createdAt,
});

/** Null for the entry that tells of a tenant's end: it is gone by then. */
export const livingTenantOf = ({ tenantId, action }: NewAuditEntry | ReportedAuditEntry): string | null =>
  action === "tenant.deleted" ? null : tenantId;

/** Adds an entry to a chain: its seq and hash, and the new head with its MAC. */
export function chainEntry(ring: KeyRing, head: AuditHead, columns: ChainedColumns) {
  const keyId = ring.currentId;
  const seq = head.seq + 1;
  const hash = keyedHash(ring, keyId, "audit-entry", [head.hash, seq, columns]);
  return { seq, hash, keyId, mac: keyedHash(ring, keyId, "audit-head", [columns.tenantRef, seq, hash]) };
}

// RFC 8785, so that a column order, a number's notation or a JSON library changes no hash.
function keyedHash(ring: KeyRing, keyId: string, purpose: string, value: unknown): string {
  const key = ring.derive(purpose, keyId);
  const text = canonicalize(value);
  if (key === undefined || text === undefined) throw new Error("the audit chain can't be continued");
  return createHmac("sha256", key).update(text).digest("hex");
}
