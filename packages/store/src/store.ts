import type { Actor } from "./actor.ts";
import type { AuditVerification } from "./audit-verification.ts";
import type { ApiKeyReads, ApiKeyWrites } from "./port/api-keys.ts";
import type { AuditReads, NewAuditEntry, ReportedAuditEntry } from "./port/audit.ts";
import type { CatalogReads } from "./port/catalog.ts";
import type { EntitlementReads, EntitlementWrites } from "./port/entitlements.ts";
import type { Idempotency } from "./port/idempotency.ts";
import type { MembershipReads, MembershipWrites } from "./port/memberships.ts";
import type { OrderReads, OrderWrites } from "./port/orders.ts";
import type { Outbox, OutboxReads } from "./port/outbox.ts";
import type { OverrideReads, OverrideWrites } from "./port/overrides.ts";
import type { TenantReads, TenantWrites } from "./port/tenants.ts";
import type { AuditEntry, Tenant } from "./records.ts";
import type { SidebarReads } from "./sidebar.ts";

/**
 * What Leftrail keeps, behind one port with two engines. Every method throws
 * ProblemError: `unavailable` when the engine can't answer now, else what the
 * violated constraint means (see constraints.ts).
 */
export interface Store extends ReadStore {
  readonly read: Reads;
  /** What changed, for whoever tells the caches. */
  readonly outbox: Outbox;
  /**
   * One unit of work: everything `work` does through `tx` commits together or
   * not at all. `work` may run again after a serialization failure, so it must
   * have no effect outside `tx`. A unit that wrote state must end in exactly
   * one audit entry, and an entry needs a write; anything else is refused.
   */
  change<T>(actor: Actor, work: (tx: Change) => Promise<T>): Promise<T>;
  /** Notes that keys were used just now. No state, so no audit entry. */
  touchApiKeys(apiKeyIds: readonly string[]): Promise<void>;
  /** Whether a tenant's audit trail, living or deleted, is as it was written. */
  verifyTrail(tenantRef: string): Promise<AuditVerification>;
}

/** The half that the hot path gets, with rights for no more than that. */
export interface ReadStore extends AsyncDisposable {
  readonly engine: "postgres" | "memory";
  readonly read: Pick<Reads, "sidebar" | "outbox">;
  /** Resolves when the engine answers. */
  ping(): Promise<void>;
}

export interface Reads extends UnitReads {
  readonly outbox: OutboxReads;
}

/** What also a unit of work reads, its own writes included. */
export interface UnitReads {
  readonly sidebar: SidebarReads;
  readonly tenants: TenantReads;
  readonly memberships: MembershipReads;
  readonly catalog: CatalogReads;
  readonly orders: OrderReads;
  readonly entitlements: EntitlementReads;
  readonly overrides: OverrideReads;
  readonly apiKeys: ApiKeyReads;
  readonly auditLog: AuditReads;
}

/** A unit of work: every read, the locks, the writes, and the entry that must end it. */
export interface Change extends UnitReads {
  /** Locks the row until the unit ends, before anything that belongs to the tenant. Undefined: no such tenant. */
  lockTenant(tenantId: string): Promise<Tenant | undefined>;
  /** Lets one unit at a time move tenants below each other; before any tenant's lock. */
  lockHierarchy(): Promise<void>;
  readonly write: Writes;
  readonly idempotency: Idempotency;
  /** Appends to the tenant's chain; the last thing a unit does. */
  audit(entry: NewAuditEntry): Promise<AuditEntry>;
  /** Appends what somebody else reports: the whole of its unit. */
  report(entry: ReportedAuditEntry): Promise<AuditEntry>;
}

/** Each returns what is stored afterwards; undefined or false says that nothing changed. */
interface Writes {
  readonly tenants: TenantWrites;
  readonly memberships: MembershipWrites;
  readonly orders: OrderWrites;
  readonly entitlements: EntitlementWrites;
  readonly overrides: OverrideWrites;
  readonly apiKeys: ApiKeyWrites;
}
