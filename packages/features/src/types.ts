import type { OverrideEffect, OverrideTargetType, TenantStatus } from "@leftrail/contract";
import type { FeatureRules } from "./feature-rules.ts";

/** A Stripe product as far as features go; `metadata` is whatever its row holds. */
export interface StripeProduct {
  readonly id: string;
  readonly metadata: unknown;
}

/** An active override that has not expired. A product-level one brings that product's Stripe product. */
export interface LiveOverride {
  readonly id: string;
  readonly targetType: OverrideTargetType;
  readonly target: string;
  readonly effect: OverrideEffect;
  readonly stripeProduct: StripeProduct | null;
}

/** An entitlement that is `active` or `trialing` at the moment of asking. */
export interface EntitlementInForce {
  readonly id: string;
  readonly product: string;
  readonly stripeProduct: StripeProduct | null;
}

/** All that decides one caller's features in one tenant. */
export interface DecisionInput {
  readonly tenantStatus: TenantStatus;
  readonly isInternal: boolean;
  readonly overrides: readonly LiveOverride[];
  readonly entitlements: readonly EntitlementInForce[];
  readonly rules: FeatureRules;
}

export type RuleName = "override" | "default" | "internal" | "entitlement";

export interface Source {
  readonly type: "override" | "entitlement";
  readonly id: string;
}

export interface Decision {
  readonly enabled: boolean;
  readonly rule: RuleName;
  /** The row that spoke; null for the rules that are lists. */
  readonly source: Source | null;
}

export interface FeatureDecisions {
  /** Features that are on: no duplicates, sorted by UTF-16 code unit. */
  readonly enabled: string[];
  /** Every feature any rule spoke about, in the same order. */
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Ids of Stripe products whose `metadata.features` could not be read: no duplicates, sorted. */
  readonly malformedMetadata: readonly string[];
}
