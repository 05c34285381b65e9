import { decideFeatures, type FeatureDecisions, type FeatureRules } from "@leftrail/features";
import type { Logger } from "@leftrail/service";
import type { FeatureSources } from "@leftrail/store";
import type { FeatureMetrics } from "../metrics/feature-metrics.ts";

export interface DecisionContext {
  readonly rules: FeatureRules;
  readonly logger: Pick<Logger, "warn">;
  readonly featureMetrics: FeatureMetrics;
}

/** The decisions of the rules on what the store knows; metadata that can't be read is counted and logged. */
export function decide(
  { rules, logger, featureMetrics }: DecisionContext,
  { organizationId, isInternal }: { readonly organizationId: string; readonly isInternal: boolean },
  { tenantStatus, overrides, entitlements }: FeatureSources,
): FeatureDecisions {
  const decided = decideFeatures({ tenantStatus, overrides, entitlements, isInternal, rules });
  const { malformedMetadata } = decided;
  if (malformedMetadata.length > 0) {
    featureMetrics.malformedMetadata.inc(malformedMetadata.length);
    logger.warn({ organizationId, stripeProducts: malformedMetadata }, "metadata.features can't be read");
  }
  return decided;
}
