import type { Handler, MiddlewareHandler } from "hono";
import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import { routeLabel } from "./route-label.ts";

/** The prefix of every metric of ours. */
export const metricPrefix = "leftrail_";

const durationBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 10];
const knownMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** A registry of its own, shared by the apps of one process; packages add their metrics to it. */
export interface Metrics {
  readonly registry: Registry;
  readonly requestsTotal: Counter<"method" | "route" | "status">;
  readonly requestDurationSeconds: Histogram<"route">;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: metricPrefix });
  return {
    registry,
    requestsTotal: new Counter({
      name: `${metricPrefix}http_requests_total`,
      help: "Requests answered, by method, route pattern and status.",
      labelNames: ["method", "route", "status"],
      registers: [registry],
    }),
    requestDurationSeconds: new Histogram({
      name: `${metricPrefix}http_request_duration_seconds`,
      help: "Seconds until a request was answered, by route pattern.",
      labelNames: ["route"],
      buckets: durationBucketsSeconds,
      registers: [registry],
    }),
  };
}

/** Counts and times every request under its route pattern. */
export function recordMetrics(
  metrics: Metrics,
  nowMs: () => number = () => performance.now(),
): MiddlewareHandler {
  return async (c, next) => {
    const startMs = nowMs();
    await next();
    const route = routeLabel(c);
    const method = knownMethods.has(c.req.method) ? c.req.method : "other";
    metrics.requestsTotal.inc({ method, route, status: c.res.status });
    metrics.requestDurationSeconds.observe({ route }, (nowMs() - startMs) / 1000);
  };
}

/** Answers the whole registry as Prometheus text. */
export function metricsRoute({ registry }: Metrics): Handler {
  return async (c) =>
    c.body(await registry.metrics(), 200, {
      "Content-Type": registry.contentType,
      "Cache-Control": "no-store",
    });
}
