import { emptyHead, entryHash, headHolds, type AuditHead } from "./audit-chain.ts";
import type { KeyRing } from "./key-ring.ts";
import type { AuditReads, StoredAuditHead } from "./port/audit.ts";
import type { AuditEntry } from "./records.ts";

/** Entries that a verification holds and hashes at a time; each may be 64 KiB. */
const batchEntriesMax = 200;

/** What a verification of one tenant's trail came to. */
export interface AuditVerification {
  readonly ok: boolean;
  /** Entries that were looked at, a broken one included. */
  readonly checked: number;
  /** As stored; null when there is none. */
  readonly head: AuditHead | null;
  /** The seq of the first entry that is missing or does not hold. */
  readonly firstBroken: number | null;
}

/** How far a trail was walked. */
export interface ChainProgress {
  readonly checked: number;
  /** The last entry that holds. */
  readonly last: AuditHead;
  /** The seq of the first entry without a tenant_id, which only those of deleted tenants lose. */
  readonly firstOrphan: number | null;
  readonly firstBroken: number | null;
}

export const chainStart: ChainProgress = {
  checked: 0,
  last: emptyHead,
  firstOrphan: null,
  firstBroken: null,
};

/** Verifies a trail while others append to it: what is committed during the walk is no finding. */
export async function verifyTrail(
  reads: Pick<AuditReads, "chain" | "state">,
  ring: KeyRing,
  tenantRef: string,
): Promise<AuditVerification> {
  const { head, lastSeq } = await reads.state(tenantRef);
  const end = Math.max(head?.seq ?? 0, lastSeq);
  let progress = chainStart;
  while (progress.firstBroken === null && progress.last.seq < end) {
    const limit = Math.min(end - progress.last.seq, batchEntriesMax);
    const entries = await reads.chain(tenantRef, progress.last.seq, limit);
    if (entries.length === 0) break;
    progress = checkEntries(ring, tenantRef, progress, entries);
  }
  // Read last, for a tenant that is there was there all the time.
  const isLiving = progress.firstOrphan !== null && (await reads.state(tenantRef)).isTenantLiving;
  return concludeChain(ring, tenantRef, { progress, head, isLiving });
}

/** Goes on over the next entries, in the order of the chain, up to the first that does not hold. */
export function checkEntries(
  ring: KeyRing,
  tenantRef: string,
  before: ChainProgress,
  entries: readonly AuditEntry[],
): ChainProgress {
  let { checked, last, firstOrphan } = before;
  for (const entry of entries) {
    checked += 1;
    if (!holds(ring, tenantRef, last, entry))
      return { checked, last, firstOrphan, firstBroken: last.seq + 1 };
    if (entry.tenantId === null) firstOrphan ??= entry.seq;
    last = { seq: entry.seq, hash: entry.hash };
  }
  return { checked, last, firstOrphan, firstBroken: null };
}

/** Holds the walked chain against its head. */
export function concludeChain(
  ring: KeyRing,
  tenantRef: string,
  walked: {
    readonly progress: ChainProgress;
    readonly head: StoredAuditHead | undefined;
    readonly isLiving: boolean;
  },
): AuditVerification {
  const { progress, head, isLiving } = walked;
  const findings = [
    progress.firstBroken ?? brokenAtHead(ring, tenantRef, progress.last, head),
    isLiving ? progress.firstOrphan : null,
  ].filter((seq) => seq !== null);
  const firstBroken = findings.length === 0 ? null : Math.min(...findings);
  return {
    ok: firstBroken === null,
    checked: progress.checked,
    head: head === undefined ? null : { seq: head.seq, hash: head.hash },
    firstBroken,
  };
}

function holds(ring: KeyRing, tenantRef: string, last: AuditHead, entry: AuditEntry): boolean {
  const { tenantId, seq, hash, keyId, ...columns } = entry;
  return (
    seq === last.seq + 1 &&
    columns.tenantRef === tenantRef &&
    (tenantId === null || tenantId === tenantRef) &&
    hash === entryHash(ring, keyId, last.hash, seq, columns)
  );
}

function brokenAtHead(
  ring: KeyRing,
  tenantRef: string,
  last: AuditHead,
  head: StoredAuditHead | undefined,
): number | null {
  if (head === undefined) return last.seq === 0 ? null : last.seq + 1;
  if (!headHolds(ring, tenantRef, head) || head.seq > last.seq) return last.seq + 1;
  if (head.seq < last.seq) return head.seq + 1;
  return head.hash === last.hash ? null : last.seq;
}
