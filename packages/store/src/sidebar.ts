import type { EntitlementInForce, LiveOverride } from "@leftrail/features";
import type { OrderKind, OrderStatus, Role, TenantStatus, Instant } from "@leftrail/contract";
import type { Entitlement, StripeProduct, Tenant, Viewer } from "./records.ts";

/** A tenant in a user's left rail. */
export interface SidebarOrganization {
  readonly tenant: Tenant;
  readonly role: Role | null;
}

/** All that decides one user's features in one organization, as of now. */
export interface FeatureSources {
  readonly tenantStatus: TenantStatus;
  readonly overrides: readonly LiveOverride[];
  readonly entitlements: readonly EntitlementInForce[];
  /** Whole milliseconds from this read to the next moment at which time alone can change the answer; null is never. */
  readonly endsInMs: number | null;
}

export interface SidebarProduct {
  readonly entitlement: Entitlement;
  readonly name: string;
  readonly order: {
    readonly id: string;
    readonly kind: OrderKind;
    readonly status: OrderStatus;
    readonly createdAt: Instant;
  } | null;
  readonly stripeProduct: StripeProduct | null;
}

export interface SidebarProducts {
  readonly products: readonly SidebarProduct[];
  /** As for features, of what products show. */
  readonly endsInMs: number | null;
}

export interface ExplainableSources {
  readonly sources: FeatureSources;
  /** Owner or admin of it or of an ancestor that is not cancelled. */
  readonly isTenantAdmin: boolean;
}

/** The reads of the left rail; each is one SQL statement. */
export interface SidebarReads {
  /** Where the user is a member or an admin of an ancestor that is not cancelled; sorted by slug. */
  organizations(userId: string): Promise<readonly SidebarOrganization[]>;
  /** Undefined when the organization is unknown or not the user's. */
  featureSources(organizationId: string, userId: string): Promise<FeatureSources | undefined>;
  /** Every entitlement, sorted by product, then id. Undefined as above. */
  products(organizationId: string, userId: string): Promise<SidebarProducts | undefined>;
  /** What decides features, for whoever may ask why: a platform admin may everywhere. Undefined as above. */
  explainableSources(organizationId: string, viewer: Viewer): Promise<ExplainableSources | undefined>;
}
