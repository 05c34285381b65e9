import type { RelayEvent } from "@leftrail/changes";
import { metricPrefix } from "@leftrail/service";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const ageBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300];

/** What an operator must know of the relay; takes its events. */
export function createRelayMetrics(registry: Registry): (event: RelayEvent) => void {
  const registers = [registry];
  const isLeading = new Gauge({
    name: `${metricPrefix}relay_leading`,
    help: "1 while this process relays the outbox; exactly one process should.",
    registers,
  });
  const rows = new Counter({
    name: `${metricPrefix}relay_rows_total`,
    help: "Rows of the outbox that were relayed.",
    registers,
  });
  const scopes = new Counter({
    name: `${metricPrefix}relay_scopes_total`,
    help: "Scopes whose epoch was replaced.",
    registers,
  });
  const beats = new Counter({
    name: `${metricPrefix}relay_beats_total`,
    help: "Complete passes over the outbox; about 10 a second on the leader.",
    registers,
  });
  const failures = new Counter({
    name: `${metricPrefix}relay_failures_total`,
    help: "Passes that failed, by where: the outbox or the bus.",
    labelNames: ["where"],
    registers,
  });
  const ageSeconds = new Histogram({
    name: `${metricPrefix}relay_age_seconds`,
    help: "Age of the oldest row of a pass when it was relayed.",
    buckets: ageBucketsSeconds,
    registers,
  });

  return (event) => {
    switch (event.kind) {
      case "leading":
        isLeading.set(1);
        return;
      case "resigned":
        isLeading.set(0);
        return;
      case "relayed":
        rows.inc(event.rows);
        scopes.inc(event.scopes);
        ageSeconds.observe(event.ageMs / 1000);
        return;
      case "beat":
        beats.inc();
        return;
      case "failed":
        failures.inc({ where: event.where });
        return;
      default:
        event satisfies never;
    }
  };
}
