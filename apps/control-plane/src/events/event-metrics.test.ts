import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createEventMetrics } from "./event-metrics.ts";
import { fakeEventPublisher, outOfReach } from "./testing/fake-event-publisher.ts";

const event = { type: "run.stage", occurredAt: "2026-01-01T00:00:00.000Z", data: {} };

function open() {
  const registry = new Registry();
  const time = { nowMs: 0 };
  const fake = fakeEventPublisher();
  const metrics = createEventMetrics(registry, () => time.nowMs);
  return { registry, time, fake, metrics, events: metrics.measured(fake) };
}

test("both ways of publishing are counted by type and outcome, and answer and fail as they would", async () => {
  const { registry, events, fake } = open();
  expect(await events.publish("o", event)).toEqual({ id: "1-1" });
  expect(await events.publishIfOpen("o", event)).toEqual({ id: "1-2" });
  fake.isOpen = () => false;
  expect(await events.publishIfOpen("o", event)).toBeUndefined();
  fake.isOpen = () => true;
  fake.before = outOfReach;
  await expect(events.publish("o", event)).rejects.toMatchObject({ code: "unavailable" });
  await expect(events.publishIfOpen("o", { ...event, type: "scheduler.tick" })).rejects.toThrow();
  const text = await registry.metrics();
  const lines = text.split("\n").filter((line) => line.startsWith("leftrail_events_published_total{"));
  expect(lines.toSorted()).toEqual([
    'leftrail_events_published_total{type="run.stage",outcome="failed"} 1',
    'leftrail_events_published_total{type="run.stage",outcome="not_open"} 1',
    'leftrail_events_published_total{type="run.stage",outcome="published"} 2',
    'leftrail_events_published_total{type="scheduler.tick",outcome="failed"} 1',
  ]);
});

test("publishing is timed, whether it succeeds or fails; finding nobody there is not", async () => {
  const { registry, events, fake, time } = open();
  fake.before = () => void (time.nowMs += 20);
  await events.publish("o", event);
  fake.before = () => {
    time.nowMs += 1000;
    outOfReach();
  };
  await events.publish("o", event).catch(() => undefined);
  fake.isOpen = () => false;
  await events.publishIfOpen("o", event);
  const text = await registry.metrics();
  expect(text).toContain("leftrail_event_publish_duration_seconds_count 2");
  expect(text).toContain("leftrail_event_publish_duration_seconds_sum 1.02");
});

test("of what a broker tells, repeats are counted", async () => {
  const { registry, metrics } = open();
  for (const kind of ["published", "repeated", "publish_failed", "repeated"] as const) {
    metrics.count({ kind });
  }
  expect(await registry.metrics()).toContain("leftrail_events_repeated_total 2");
});
