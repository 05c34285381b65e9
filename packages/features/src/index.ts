export { decideFeatures } from "./decide-features.ts";
export { featuresOfProduct } from "./facts.ts";
export type {
  Decision,
  DecisionInput,
  EntitlementInForce,
  FeatureDecisions,
  LiveOverride,
  RuleName,
  Source,
  StripeProduct,
} from "./types.ts";
export { builtInRules, type FeatureRules } from "./feature-rules.ts";
export { parseFeatureRules } from "./parse-feature-rules.ts";
export { metadataFeaturesCharsMax } from "./metadata-features.ts";
