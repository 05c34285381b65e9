import type { AuthEvent, TokenVerifier } from "@leftrail/auth";
import { metricPrefix } from "@leftrail/service";
import { Counter, Gauge, type Registry } from "prom-client";

/** How often a token was verified already; takes the verifier's events. */
export function countTokens(registry: Registry): (event: AuthEvent) => void {
  // Plain numbers: a hit is counted for every request.
  const counts = { hit: 0, miss: 0 };
  const total = new Counter({
    name: `${metricPrefix}token_cache_total`,
    help: "Tokens presented, by whether they were verified before (hit) or had to be (miss).",
    labelNames: ["result"],
    registers: [],
    collect() {
      this.reset();
      for (const [result, count] of Object.entries(counts)) this.inc({ result }, count);
    },
  });
  registry.registerMetric(total);
  return ({ kind }) => {
    if (kind === "token_cache_hit") counts.hit++;
    else if (kind === "token_cache_miss") counts.miss++;
  };
}

/** How old the keys of each issuer are, asked when somebody looks. */
export function showKeyAges(registry: Registry, verifier: Pick<TokenVerifier, "jwksAgeSeconds">): void {
  const ages = new Gauge({
    name: `${metricPrefix}jwks_age_seconds`,
    help: "Age of the last good key set, by issuer; an issuer whose keys were never fetched is not here.",
    labelNames: ["issuer"],
    registers: [],
    collect() {
      this.reset();
      for (const [issuer, seconds] of verifier.jwksAgeSeconds()) this.set({ issuer }, seconds);
    },
  });
  registry.registerMetric(ages);
}
