import type {
  EntitlementSource,
  Instant,
  OrderKind,
  OrderStatus,
  OverrideEffect,
  OverrideTargetType,
  Role,
  TenantStatus,
} from "@leftrail/contract";
import type { Actor } from "./actor.ts";
import type {
  AuditEntry,
  CatalogProduct,
  CatalogProductForTenant,
  Entitlement,
  Membership,
  NewestPosition,
  Order,
  Override,
  Page,
  PageRequest,
  Tenant,
  TenantView,
  Viewer,
} from "./records.ts";
import type { SidebarReads } from "./sidebar.ts";

/**
 * What Leftrail keeps, behind one port with two engines. Every method throws
 * ProblemError: `unavailable` when the engine can't answer now, else what the
 * violated constraint means (see constraints.ts).
 */
export interface Store extends ReadStore {
  /**
   * One unit of work: everything `work` does through `tx` commits together or
   * not at all. `work` may run again after a serialization failure, so it must
   * have no effect outside `tx`. A unit that wrote state must end in exactly
   * one audit entry, and an entry needs a write; anything else is refused.
   */
  change<T>(actor: Actor, work: (tx: Change) => Promise<T>): Promise<T>;
}

/** The half that the hot path gets. */
export interface ReadStore extends AsyncDisposable {
  readonly engine: "postgres" | "memory";
  readonly read: Reads;
  /** Resolves when the engine answers. */
  ping(): Promise<void>;
}

export interface Reads {
  readonly sidebar: SidebarReads;
  readonly tenants: TenantReads;
  readonly catalog: CatalogReads;
  readonly entitlements: EntitlementReads;
}

export interface TenantReads {
  /** Undefined when there is none or the viewer may not see it. */
  find(by: { id: string } | { slug: string }, viewer: Viewer): Promise<TenantView | undefined>;
  /** What the viewer may see, newest first. */
  list(
    query: { viewer: Viewer; status: TenantStatus | null },
    page: PageRequest<NewestPosition>,
  ): Promise<Page<Tenant, NewestPosition>>;
}

export interface CatalogReads {
  find(product: string): Promise<CatalogProduct | undefined>;
  /** Sorted by product. A position is the last product seen. */
  list(page: PageRequest<string>): Promise<Page<CatalogProduct, string>>;
  listForTenant(tenantId: string, page: PageRequest<string>): Promise<Page<CatalogProductForTenant, string>>;
}

export interface EntitlementReads {
  /** Of one tenant, newest first, status as of now. */
  list(tenantId: string, page: PageRequest<NewestPosition>): Promise<Page<Entitlement, NewestPosition>>;
}

/** A unit of work: every read, the lock, the writes, and the entry that must end it. */
export interface Change extends Reads {
  /** Locks the row until the unit ends, before anything that belongs to the tenant. Undefined: no such tenant. */
  lockTenant(tenantId: string): Promise<Tenant | undefined>;
  readonly write: Writes;
  /** Appends to the tenant's chain; the last thing a unit does. */
  audit(entry: NewAuditEntry): Promise<AuditEntry>;
}

/** Each returns what is stored afterwards; undefined or false says that nothing changed. */
export interface Writes {
  readonly tenants: {
    insert(tenant: NewTenant): Promise<Tenant>;
    /** Also stamps activated_at or cancelled_at. */
    setStatus(tenantId: string, status: "active" | "cancelled"): Promise<Tenant | undefined>;
  };
  readonly memberships: {
    put(membership: { tenantId: string; userId: string; role: Role }): Promise<Membership>;
    remove(tenantId: string, userId: string): Promise<boolean>;
  };
  readonly orders: {
    insert(order: NewOrder): Promise<Order>;
  };
  readonly entitlements: {
    insert(entitlement: NewEntitlement): Promise<Entitlement>;
  };
  readonly overrides: {
    /** Replaces the override of the same tenant and target. */
    put(override: NewOverride): Promise<Override>;
    remove(tenantId: string, overrideId: string): Promise<boolean>;
  };
}

export interface NewTenant {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly parentTenantId: string | null;
}

export interface NewOrder {
  readonly id: string;
  readonly tenantId: string;
  readonly product: string;
  readonly kind: OrderKind;
  /** `requested` leaves decided_at empty; the others stamp it. */
  readonly status: OrderStatus;
  readonly requestedBy: string;
  readonly note: string | null;
}

export interface NewEntitlement {
  readonly id: string;
  readonly tenantId: string;
  readonly product: string;
  readonly source: EntitlementSource;
  /** When it begins: a moment, or null for the start of the unit of work. */
  readonly startsAt: Instant | null;
  /** When it ends, exclusive: a moment, so many days of 24 hours after its start, or null for never. */
  readonly ends: { readonly at: Instant } | { readonly afterDays: number } | null;
  readonly orderId: string | null;
}

export interface NewOverride {
  readonly id: string;
  readonly tenantId: string;
  readonly targetType: OverrideTargetType;
  readonly target: string;
  readonly effect: OverrideEffect;
  readonly expiresAt: Instant | null;
  readonly reason: string | null;
}

/** What Leftrail itself reports; callers may not. */
type StateAction =
  | "tenant.created"
  | "tenant.activated"
  | "tenant.cancelled"
  | "member.set"
  | "member.removed"
  | "catalog.trial_started"
  | "order.approved"
  | "override.set"
  | "override.removed";

export interface NewAuditEntry {
  readonly tenantId: string;
  readonly product: string | null;
  readonly action: StateAction;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}
