import { type FeatureRules, productFeatures } from "./feature-rules.ts";
import { metadataFeatures } from "./metadata-features.ts";
import type { DecisionInput, EntitlementInForce, LiveOverride, StripeProduct } from "./types.ts";

/** A row with the features it speaks for. */
interface Covering<Row> {
  readonly row: Row;
  readonly features: readonly string[];
}

/** What the rules look at: rows sorted by id, so that the source they name never depends on the order they came in. */
export interface Facts {
  readonly isInternal: boolean;
  readonly rules: FeatureRules;
  readonly overrides: readonly Covering<LiveOverride>[];
  readonly entitlements: readonly Covering<EntitlementInForce>[];
  readonly malformedMetadata: readonly string[];
}

export function collectFacts({ isInternal, rules, overrides, entitlements }: DecisionInput): Facts {
  const malformed = new Set<string>();

  const given = (product: string, stripeProduct: StripeProduct | null): readonly string[] => {
    const { features, isMalformed } = readFeatures(rules, product, stripeProduct);
    if (isMalformed && stripeProduct !== null) malformed.add(stripeProduct.id);
    return features;
  };

  return {
    isInternal,
    rules,
    overrides: overrides.toSorted(byId).map((row) => ({
      row,
      features: row.targetType === "feature" ? [row.target] : given(row.target, row.stripeProduct),
    })),
    entitlements: entitlements
      .toSorted(byId)
      .map((row) => ({ row, features: given(row.product, row.stripeProduct) })),
    malformedMetadata: [...malformed].toSorted(),
  };
}

/** What a product gives, wherever it is said: no duplicates, sorted by UTF-16 code unit. */
export const featuresOfProduct = (
  rules: FeatureRules,
  product: string,
  stripeProduct: StripeProduct | null,
): readonly string[] => [...new Set(readFeatures(rules, product, stripeProduct).features)].toSorted();

/** The map's features and those that the metadata names, unless it is malformed. */
function readFeatures(rules: FeatureRules, product: string, stripeProduct: StripeProduct | null) {
  const mapped = productFeatures(rules, product);
  const named = stripeProduct === null ? [] : metadataFeatures(stripeProduct.metadata);
  return { features: named === null ? mapped : [...mapped, ...named], isMalformed: named === null };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
