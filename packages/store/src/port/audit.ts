import type { Instant, StateAction } from "@leftrail/contract";
import type { AuditEntry, NewestPosition, Page, PageRequest } from "../records.ts";

export interface AuditReads {
  /** Newest first; `since` is inclusive, `until` exclusive. */
  list(filters: AuditFilters, page: PageRequest<NewestPosition>): Promise<Page<AuditEntry, NewestPosition>>;
  /** Entries of one tenant, living or deleted, in the order of the chain, from after `afterSeq`. */
  chain(tenantRef: string, afterSeq: number, limit: number): Promise<readonly AuditEntry[]>;
  state(tenantRef: string): Promise<TrailState>;
}

/** What is known of one tenant's trail without reading it, all at one moment. */
export interface TrailState {
  readonly head: StoredAuditHead | undefined;
  /** Of the newest entry; 0 without one. */
  readonly lastSeq: number;
  /** False once the tenant is deleted. */
  readonly isTenantLiving: boolean;
}

export interface AuditFilters {
  /** Finds the trail of a deleted tenant too. Null: of every tenant. */
  readonly tenantRef: string | null;
  readonly product: string | null;
  readonly actorId: string | null;
  readonly action: string | null;
  readonly since: Instant | null;
  readonly until: Instant | null;
}

/** The head as stored: with the MAC that says nobody but us moved it. */
export interface StoredAuditHead {
  readonly seq: number;
  readonly hash: string;
  readonly mac: string;
  readonly keyId: string;
}

/** What Leftrail reports of a change of its own. */
export interface NewAuditEntry {
  readonly tenantId: string;
  readonly product: string | null;
  readonly action: StateAction;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What somebody else reports of theirs. */
export interface ReportedAuditEntry extends Omit<NewAuditEntry, "action"> {
  readonly action: string;
  readonly occurredAt: Instant | null;
}
