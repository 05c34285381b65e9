import { memoryHarness, givenTenant } from "@leftrail/store/testing";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { fakeEventPublisher, outOfReach } from "../events/testing/fake-event-publisher.ts";
import { startScheduler } from "./start-scheduler.ts";

const noonMs = Date.parse("2026-01-01T12:00:00.000Z");

async function open({ periodSeconds = 60 } = {}) {
  const harness = await memoryHarness();
  await givenTenant(harness.store);
  const events = fakeEventPublisher();
  const registry = new Registry();
  const logged: string[] = [];
  const log = (first: unknown, text?: string) => void logged.push(text ?? String(first));
  const time = { nowMs: noonMs };
  let look: (() => void) | undefined;
  const scheduler = startScheduler({
    store: harness.store,
    events,
    periodSeconds,
    registry,
    logger: { info: log, warn: log },
    now: () => time.nowMs,
    every: (_intervalMs, run) => {
      look = run;
      return { [Symbol.dispose]: () => (look = undefined) };
    },
  });
  return {
    scheduler,
    events,
    registry,
    logged,
    time,
    isLooking: () => look !== undefined,
    look: () => look?.(),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

test("with a period of 0 there is no timer, no tick and no metric", async () => {
  await using opened = await open({ periodSeconds: 0 });
  const { scheduler, registry } = opened;
  scheduler.onRelayEvent({ kind: "leading" });
  expect(opened.isLooking()).toBe(false);
  expect(registry.getMetricsAsArray()).toEqual([]);
  await scheduler[Symbol.asyncDispose]();
});

test("it looks from the first moment on, and ticks once the relay leads", async () => {
  await using opened = await open();
  const { scheduler, events, look } = opened;
  look();
  expect(events.calls).toBe(0);
  for (const kind of ["beat", "leading"] as const) scheduler.onRelayEvent({ kind });
  look();
  await expect.poll(() => events.published.length).toBe(1);
});

test("it ticks no more once the relay has resigned, whatever failed before", async () => {
  await using opened = await open();
  const { scheduler, events, look, time } = opened;
  scheduler.onRelayEvent({ kind: "leading" });
  scheduler.onRelayEvent({ kind: "failed", where: "bus", error: new Error("of the test") });
  look();
  await expect.poll(() => events.calls).toBe(1);
  scheduler.onRelayEvent({ kind: "resigned" });
  time.nowMs += 60_000;
  look();
  // As long as a look takes here that finds something to do.
  await new Promise(setImmediate);
  expect(events.calls).toBe(1);
});

test("disposing ends the looks and waits for what is under way", async () => {
  await using opened = await open();
  const { scheduler, events, look } = opened;
  const gate = Promise.withResolvers<void>();
  events.before = () => gate.promise;
  scheduler.onRelayEvent({ kind: "leading" });
  look();
  await expect.poll(() => events.calls).toBe(1);
  let isDisposed = false;
  const disposing = scheduler[Symbol.asyncDispose]().then(() => (isDisposed = true));
  expect(opened.isLooking()).toBe(false);
  await new Promise(setImmediate);
  expect(isDisposed).toBe(false);
  gate.resolve();
  await disposing;
});

test("failing is logged once, and so is going on; each failure is counted", async () => {
  await using opened = await open();
  const { scheduler, events, time, look, logged, registry } = opened;
  const counted = async (outcome: string) =>
    (await registry.metrics()).includes(`leftrail_scheduler_ticks_total{outcome="${outcome}"} 2`);
  scheduler.onRelayEvent({ kind: "leading" });
  events.before = outOfReach;
  look();
  await expect.poll(() => logged.length).toBe(1);
  time.nowMs += 5_000;
  look();
  await expect.poll(() => counted("failed")).toBe(true);
  events.before = () => undefined;
  time.nowMs += 5_000;
  look();
  await expect.poll(() => logged.length).toBe(2);
  time.nowMs += 60_000;
  look();
  await expect.poll(() => counted("published")).toBe(true);
  expect(logged).toEqual(["a tick can't be published to every tenant", "ticks are published again"]);
});
