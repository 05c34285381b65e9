import type { Tier } from "@leftrail/read-cache";
import { metricPrefix } from "@leftrail/service";
import { Counter, type Registry } from "prom-client";

/** How often each read was answered, by the tier that it came from. */
export interface ReadCounts {
  count(route: string, tier: Tier): void;
}

/** Plain numbers until somebody asks: a counter hashes its labels each time, and this runs for every hit. */
export function createReadCounts(registry: Registry, routes: readonly string[]): ReadCounts {
  const countsOf = new Map(routes.map((route) => [route, { l1: 0, l2: 0, miss: 0, stale: 0 }]));
  const total = new Counter({
    name: `${metricPrefix}reads_total`,
    help: "Reads answered with 200 or 304, by route pattern and tier: l1, l2, miss (the database) or stale.",
    labelNames: ["route", "tier"],
    registers: [],
    collect() {
      this.reset();
      for (const [route, counts] of countsOf) {
        for (const [tier, count] of Object.entries(counts)) this.inc({ route, tier }, count);
      }
    },
  });
  registry.registerMetric(total);
  return {
    count(route, tier) {
      const counts = countsOf.get(route);
      if (counts !== undefined) counts[tier]++;
    },
  };
}
