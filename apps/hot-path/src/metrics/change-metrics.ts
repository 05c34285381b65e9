import type { TailEvent } from "@leftrail/changes";
import { metricPrefix } from "@leftrail/service";
import { Counter, Histogram, type Registry } from "prom-client";

/** Around what is promised: most within a quarter of a second, all within one. */
const lagBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5];

/** What an operator must know of the changes as this instance hears them; takes the tail's events. */
export function createChangeMetrics(registry: Registry): (event: TailEvent) => void {
  const registers = [registry];
  const changes = new Counter({
    name: `${metricPrefix}changes_heard_total`,
    help: "Changes heard, each of one or more scopes.",
    registers,
  });
  const scopes = new Counter({
    name: `${metricPrefix}changes_scopes_total`,
    help: "Scopes that were invalidated by them.",
    registers,
  });
  const gaps = new Counter({
    name: `${metricPrefix}changes_gaps_total`,
    help: "Times that something may have been missed, so that nothing known counted any more, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const failures = new Counter({
    name: `${metricPrefix}changes_poll_failures_total`,
    help: "Polls of the change stream that Redis did not answer.",
    registers,
  });
  const lagSeconds = new Histogram({
    name: `${metricPrefix}invalidation_lag_seconds`,
    help: "From the commit of the oldest row of a change to hearing of it here.",
    buckets: lagBucketsSeconds,
    registers,
  });

  return (event) => {
    switch (event.kind) {
      case "change":
        changes.inc();
        scopes.inc(event.scopes);
        lagSeconds.observe(event.lagMs / 1000);
        return;
      case "gap":
        gaps.inc({ reason: event.reason });
        return;
      case "failed":
        failures.inc();
        return;
      default: {
        const unhandled: never = event;
        throw new TypeError(`unhandled event ${JSON.stringify(unhandled)}`);
      }
    }
  };
}
