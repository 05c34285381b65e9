import type { Principal } from "@leftrail/auth";
import type { FeaturesBody } from "@leftrail/contract";
import { decideFeatures, type FeatureRules } from "@leftrail/features";
import type { Logger } from "@leftrail/service";
import type { ReadStore } from "@leftrail/store";
import { notAccessible } from "../http/not-accessible.ts";
import type { FeatureMetrics } from "./feature-metrics.ts";

/** The features that are on for one caller in one organization. Throws forbidden when it is not theirs. */
export async function getFeatures({
  ctx,
  input,
}: {
  ctx: {
    readonly store: ReadStore;
    readonly rules: FeatureRules;
    readonly logger: Logger;
    readonly featureMetrics: FeatureMetrics;
  };
  input: { readonly organizationId: string; readonly principal: Principal };
}): Promise<FeaturesBody> {
  const { organizationId, principal } = input;
  const sources = await ctx.store.read.sidebar.featureSources(organizationId, principal.userId);
  if (sources === undefined) throw notAccessible();
  const { enabled, malformedMetadata } = decideFeatures({
    ...sources,
    isInternal: principal.isInternal,
    rules: ctx.rules,
  });
  if (malformedMetadata.length > 0) {
    ctx.featureMetrics.malformedMetadata.inc(malformedMetadata.length);
    ctx.logger.warn({ organizationId, stripeProducts: malformedMetadata }, "metadata.features can't be read");
  }
  return { features: enabled };
}
