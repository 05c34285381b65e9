import type { ReadCache, SharedTier } from "@leftrail/read-cache";
import { metricPrefix } from "@leftrail/service";
import { Gauge, type Registry } from "prom-client";

/** The state of the tiers, asked when somebody looks. */
export function showTiers(
  registry: Registry,
  { cache, shared, clock }: { cache: ReadCache; shared: SharedTier; clock: () => number },
): void {
  const show = (name: string, help: string, value: () => number): void => {
    const gauge = new Gauge({
      name: `${metricPrefix}${name}`,
      help,
      registers: [],
      collect() {
        this.set(value());
      },
    });
    registry.registerMetric(gauge);
  };
  show(
    "changes_proof_age_seconds",
    "Age of the relay's last proof; while it is below 0.3, the local tier answers without asking anybody.",
    () => cache.proofAgeMs() / 1000,
  );
  show(
    "cache_shared_usable",
    "1 while the tier that instances share is asked, 0 while it is left alone.",
    () => (shared.isUsable(clock()) ? 1 : 0),
  );
  show("cache_local_bytes", "Bytes that the local tier takes.", () => cache.localBytes);
}
