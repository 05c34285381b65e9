import { createHmac } from "node:crypto";
import type { Instant } from "@leftrail/contract";
import canonicalize from "canonicalize";
import { v7 as uuidv7 } from "uuid";
import { actorColumns, type Actor } from "./actor.ts";
import type { KeyRing } from "./key-ring.ts";
import type { AuditEntry } from "./records.ts";
import type { NewAuditEntry, ReportedAuditEntry, StoredAuditHead } from "./port/audit.ts";

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
  const hash = entryHash(ring, keyId, head.hash, seq, columns);
  const mac = hash && headMac(ring, keyId, columns.tenantRef, { seq, hash });
  if (hash === undefined || mac === undefined) throw new Error("the audit chain can't be continued");
  return { seq, hash, keyId, mac };
}

/**
 * Where an append goes on. Behind a head that does not hold, or before entries that it does not
 * cover, nothing is mended: the new entry then chains to what no entry has, so that a tail that
 * was cut is found for ever. Throws when the head's key is missing: that can be put right.
 */
export function continuedFrom(
  ring: KeyRing,
  tenantRef: string,
  { head, lastSeq }: { readonly head: StoredAuditHead | undefined; readonly lastSeq: number },
): AuditHead {
  if (head === undefined && lastSeq === 0) return emptyHead;
  if (head !== undefined && !ring.ids.includes(head.keyId)) {
    throw new Error(`the audit chain can't be continued without the key ${JSON.stringify(head.keyId)}`);
  }
  if (head !== undefined && lastSeq <= head.seq && headHolds(ring, tenantRef, head)) return head;
  return { seq: Math.max(head?.seq ?? 0, lastSeq), hash: `unproven:${head?.hash ?? ""}` };
}

/** True for a head that was made with a key of the ring. */
export const headHolds = (ring: KeyRing, tenantRef: string, head: StoredAuditHead): boolean =>
  head.mac === headMac(ring, head.keyId, tenantRef, head);

/** The hash of an entry; undefined without its key, or for what is no JSON. */
export const entryHash = (
  ring: KeyRing,
  keyId: string,
  hashBefore: string,
  seq: number,
  columns: ChainedColumns,
): string | undefined => keyedHash(ring, keyId, "audit-entry", [hashBefore, seq, columns]);

const headMac = (ring: KeyRing, keyId: string, tenantRef: string, { seq, hash }: AuditHead) =>
  keyedHash(ring, keyId, "audit-head", [tenantRef, seq, hash]);

function keyedHash(ring: KeyRing, keyId: string, purpose: string, value: unknown): string | undefined {
  const key = ring.derive(purpose, keyId);
  const text = canonicalOf(value);
  return key && text && createHmac("sha256", key).update(text).digest("hex");
}

// RFC 8785, so that a column order, a number's notation or a JSON library changes no hash.
function canonicalOf(value: unknown): string | undefined {
  try {
    return canonicalize(value);
  } catch {
    // Somebody's SQL can store numbers beyond a double and lone surrogates.
    return undefined;
  }
}
