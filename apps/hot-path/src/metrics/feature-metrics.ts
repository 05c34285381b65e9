import { metricPrefix } from "@leftrail/service";
import { Counter, type Registry } from "prom-client";

/** What an operator must know of feature decisions. */
export interface FeatureMetrics {
  readonly malformedMetadata: Counter;
}

export const createFeatureMetrics = (registry: Registry): FeatureMetrics => ({
  malformedMetadata: new Counter({
    name: `${metricPrefix}malformed_stripe_metadata_total`,
    help: "Stripe products whose metadata.features could not be read, each time one was met",
    registers: [registry],
  }),
});
