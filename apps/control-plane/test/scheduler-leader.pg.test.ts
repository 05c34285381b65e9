import { createInProcessChanges } from "@leftrail/changes";
import { createLogger } from "@leftrail/service";
import type { Store } from "@leftrail/store";
import { eachStore, givenTenant } from "@leftrail/store/testing";
import { waitUntil } from "@leftrail/testkit";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { fakeEventPublisher } from "../src/events/testing/fake-event-publisher.ts";
import { startRelay } from "../src/relay/start-relay.ts";
import { startScheduler } from "../src/scheduler/start-scheduler.ts";

const periodSeconds = 300;
const periodMs = periodSeconds * 1000;
const noonMs = Date.parse("2026-01-01T12:00:00.000Z");

eachStore("who ticks", (harness) => {
  test("of all processes the one whose relay leads ticks; when it stops, the next one does", async () => {
    await givenTenant(harness().store);
    const events = fakeEventPublisher();
    const ticks = () => events.published.filter(({ type }) => type === "scheduler.tick");
    const time = { nowMs: noonMs };
    const start = () => startProcess(harness().store, events, () => time.nowMs);
    await using first = start();
    await waitUntil(() => ticks().length === 1, { what: "the first tick" });
    await using second = start();
    time.nowMs += periodMs;
    await waitUntil(() => ticks().length === 2, { what: "the second tick" });
    expect(await second.metrics()).not.toContain("leftrail_scheduler_ticks_total{");
    await first[Symbol.asyncDispose]();
    time.nowMs += periodMs;
    await waitUntil(() => ticks().length === 3, { what: "the other's tick" });
    expect(ticks().map(({ data }) => (data as { tick: number }).tick)).toEqual(
      [0, 1, 2].map((after) => noonMs / periodMs + after),
    );
    expect(await first.metrics()).toContain('leftrail_scheduler_ticks_total{outcome="published"} 2');
    expect(await second.metrics()).toContain('leftrail_scheduler_ticks_total{outcome="published"} 1');
  });
});

/** Relay and scheduler as the control plane's process has them. */
function startProcess(store: Store, events: ReturnType<typeof fakeEventPublisher>, now: () => number) {
  const resources = new AsyncDisposableStack();
  const registry = new Registry();
  const logger = createLogger({ level: "silent", name: "test" });
  const clock = () => performance.now();
  const scheduler = resources.use(startScheduler({ store, events, periodSeconds, registry, logger, now }));
  const { bus } = createInProcessChanges(clock);
  resources.use(startRelay({ store, bus, events, registry, logger, clock, onEvent: scheduler.onRelayEvent }));
  return {
    metrics: () => registry.metrics(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
