import { metricPrefix } from "@leftrail/service";
import { Counter, Histogram, type Registry } from "prom-client";
import type { SchedulerEvent } from "./scheduler.ts";

const durationBucketsSeconds = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** What an operator must know of the scheduler; takes its events. */
export function createSchedulerMetrics(registry: Registry): (event: SchedulerEvent) => void {
  const registers = [registry];
  const ticks = new Counter({
    name: `${metricPrefix}scheduler_ticks_total`,
    help: "Ticks by outcome: published to all, failed (and tried again), skipped (too late to be tried again).",
    labelNames: ["outcome"],
    registers,
  });
  const durationSeconds = new Histogram({
    name: `${metricPrefix}scheduler_tick_duration_seconds`,
    help: "Seconds until a tick was published to all active tenants.",
    buckets: durationBucketsSeconds,
    registers,
  });

  return (event) => {
    switch (event.kind) {
      case "published":
        ticks.inc({ outcome: "published" });
        durationSeconds.observe(event.durationMs / 1000);
        return;
      case "failed":
        ticks.inc({ outcome: "failed" });
        return;
      case "skipped":
        ticks.inc({ outcome: "skipped" }, event.ticks);
        return;
      default:
        event satisfies never;
    }
  };
}
