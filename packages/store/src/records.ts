import type {
  Availability,
  EntitlementSource,
  EntitlementStatus,
  Instant,
  OrderKind,
  OrderStatus,
  OverrideEffect,
  OverrideTargetType,
  Role,
  TenantStatus,
} from "@leftrail/contract";

export interface Tenant {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly parentTenantId: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly activatedAt: Instant | null;
  readonly cancelledAt: Instant | null;
}

export interface Membership {
  readonly tenantId: string;
  readonly userId: string;
  readonly role: Role;
  readonly createdAt: Instant;
}

export interface StripeProduct {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface CatalogProduct {
  readonly product: string;
  readonly name: string;
  readonly description: string;
  /** Days a trial lasts; null when no trial is offered. */
  readonly trialDays: number | null;
  readonly stripeProduct: StripeProduct | null;
}

export interface CatalogProductForTenant extends CatalogProduct {
  readonly availability: Availability;
}

export interface Order {
  readonly id: string;
  readonly tenantId: string;
  readonly product: string;
  readonly kind: OrderKind;
  readonly status: OrderStatus;
  readonly requestedBy: string;
  readonly note: string | null;
  readonly createdAt: Instant;
  readonly decidedAt: Instant | null;
}

export interface Entitlement {
  readonly id: string;
  readonly tenantId: string;
  readonly product: string;
  readonly source: EntitlementSource;
  /** As of the moment it was read. */
  readonly status: EntitlementStatus;
  readonly startsAt: Instant;
  /** Exclusive; null is open. */
  readonly endsAt: Instant | null;
  readonly orderId: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface Override {
  readonly id: string;
  readonly tenantId: string;
  readonly targetType: OverrideTargetType;
  readonly target: string;
  readonly effect: OverrideEffect;
  readonly expiresAt: Instant | null;
  readonly reason: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface AuditEntry {
  readonly id: string;
  /** Null once the tenant is deleted. */
  readonly tenantId: string | null;
  /** The tenant's id for ever. */
  readonly tenantRef: string;
  readonly product: string | null;
  readonly actorType: "user" | "service" | "system";
  readonly actorId: string;
  readonly action: string;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly ip: string | null;
  readonly requestId: string | null;
  readonly occurredAt: Instant | null;
  readonly createdAt: Instant;
  /** 1, 2, 3 … within the tenant, in the order of commits. */
  readonly seq: number;
  /** Hex; chains the entry to the one before it. */
  readonly hash: string;
  /** Which key of the ring made the hash. */
  readonly keyId: string;
}

/** An API key as everybody but a verification sees it: without its hash. */
export interface ApiKey {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly lastUsedAt: Instant | null;
  readonly revokedAt: Instant | null;
}

/** Who asks: decides which tenants exist for them. */
export interface Viewer {
  readonly userId: string;
  readonly isPlatformAdmin: boolean;
}

/** A tenant as one viewer may see it. */
export interface TenantView {
  readonly tenant: Tenant;
  readonly role: Role | null;
  /** Owner or admin of it or of an ancestor that is not cancelled. */
  readonly isTenantAdmin: boolean;
}

/** A row, with its tenant as the viewer may see it. */
export interface Seen<T> {
  readonly row: T;
  readonly view: TenantView;
}

/** Where a list sorted by newest first goes on. */
export interface NewestPosition {
  readonly createdAt: Instant;
  readonly id: string;
}

export interface PageRequest<P> {
  readonly limit: number;
  readonly after: P | null;
}

export interface Page<T, P> {
  readonly items: readonly T[];
  /** Null on the last page. */
  readonly next: P | null;
}
