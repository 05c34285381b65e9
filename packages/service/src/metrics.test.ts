import { describe, expect, it } from "vitest";
import { testService } from "../test/test-service.ts";
import { createMetrics, metricsRoute } from "./metrics.ts";

const service = () =>
  testService((app) => {
    app.get("/things/:id", (c) => c.text("thing"));
    app.all("/anything", (c) => c.text("any"));
  });

describe("metrics", () => {
  it("requests are counted by method, route pattern and status, never by path", async () => {
    const { app, metrics } = service();
    for (const path of ["/things/1", "/things/2", "/nowhere/1", "/nowhere/2"]) await app.request(path);
    const text = await metrics.registry.metrics();
    expect(text).toContain('leftrail_http_requests_total{method="GET",route="/things/:id",status="200"} 2\n');
    expect(text).toContain('leftrail_http_requests_total{method="GET",route="unmatched",status="404"} 2\n');
    expect(text).toContain('leftrail_http_request_duration_seconds_count{route="/things/:id"} 2\n');
    expect(text).not.toMatch(/nowhere|things\/1/);
  });

  it("an invented method counts as other", async () => {
    const { app, metrics } = service();
    await app.request("/anything", { method: "BREW" });
    expect(await metrics.registry.metrics()).toContain('{method="other",route="/anything",status="200"} 1\n');
  });

  it("the process and its event loop are measured under our prefix", async () => {
    const text = await createMetrics().registry.metrics();
    expect(text).toContain("leftrail_nodejs_eventloop_lag_seconds");
    for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm)) expect(name).toMatch(/^leftrail_/);
  });

  it("two registries of one process do not meet", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.requestsTotal.inc({ method: "GET", route: "/", status: 200 });
    expect(await other.registry.metrics()).not.toContain('route="/"');
  });

  it("the route answers Prometheus text", async () => {
    const { app } = testService((routes) => void routes.get("/metrics", metricsRoute(createMetrics())));
    const response = await app.request("/metrics");
    expect(response.headers.get("Content-Type")).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain("# HELP leftrail_http_requests_total");
  });
});
