import type { CatalogItem } from "@leftrail/contract";
import { featuresOfProduct, type FeatureRules } from "@leftrail/features";
import type { CatalogProduct, CatalogProductForTenant } from "@leftrail/store";

/** A product as the catalog shows it: with all features that it gives, and its availability where asked for. */
export const toCatalogItem = (
  rules: FeatureRules,
  item: CatalogProduct | CatalogProductForTenant,
): CatalogItem => ({
  product: item.product,
  name: item.name,
  description: item.description,
  features: [...featuresOfProduct(rules, item.product, item.stripeProduct)],
  trial_days: item.trialDays,
  ...("availability" in item ? { availability: item.availability } : {}),
});
