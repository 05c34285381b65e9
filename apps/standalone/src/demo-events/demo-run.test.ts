import { publishedEvents } from "@leftrail/contract";
import { expect, test } from "vitest";
import { demoRun, type DemoStep } from "./demo-run.ts";

const people = { owner: "the-owner", member: "the-member" };

function steps(): readonly DemoStep[] {
  let [nowMs, ids] = [Date.parse("2026-01-01T12:00:00.000Z"), 0];
  return [...demoRun({ now: () => (nowMs += 1000), newId: () => `id-${++ids}`, people })];
}
const eventsOf = (type: string) =>
  steps().flatMap((step) => (step.kind === "event" && step.type === type ? [step.data] : []));

test("every event is what the contract takes, to the letter", () => {
  for (const step of steps()) {
    if (step.kind === "event") expect(publishedEvents[step.type].parse(step.data)).toEqual(step.data);
  }
});

test("every published type is there, the change of entitlements as a change in earnest, taken back later", () => {
  const kinds = steps().map((step) => (step.kind === "event" ? step.type : `override ${step.is}`));
  expect(new Set(kinds)).toEqual(
    new Set([
      ...Object.keys(publishedEvents).filter((type) => type !== "org.entitlements.changed"),
      "override set",
      "override removed",
    ]),
  );
  expect(kinds.filter((kind) => kind.startsWith("override"))).toEqual(["override set", "override removed"]);
});

test("there is each stage, severity, channel and outcome, and each state that people move changes to", () => {
  const seen = (type: string, field: string) =>
    new Set(eventsOf(type).map((data) => Object.entries(data).find(([name]) => name === field)?.[1]));
  expect(seen("run.stage", "stage").size).toBe(7);
  expect(seen("change.detected", "severity")).toEqual(new Set(["low", "medium", "high", "critical"]));
  expect(seen("action.delivered", "channel").size).toBe(4);
  expect(seen("action.delivered", "status")).toEqual(new Set(["delivered", "failed"]));
  expect(seen("change.stateChanged", "to")).toEqual(
    new Set(["acknowledged", "dismissed", "snoozed", "resolved"]),
  );
  expect(seen("change.stateChanged", "actorId")).toEqual(new Set(["the-owner", "the-member"]));
});

test("it is a story: runs go forward, changes are found before anything happens to them, states follow each other", () => {
  const progress = new Map<string, number>();
  const states = new Map<string, string>();
  let ticked = 0;
  for (const step of steps()) {
    if (step.kind !== "event") continue;
    switch (step.type) {
      case "run.stage":
        expect(step.data.progress).toBeGreaterThanOrEqual(progress.get(step.data.runId) ?? 0);
        progress.set(step.data.runId, step.data.progress);
        break;
      case "change.detected":
        expect(progress.has(step.data.runId ?? "")).toBe(true);
        states.set(step.data.changeId, "open");
        break;
      case "action.delivered":
        expect(states.has(step.data.changeId)).toBe(true);
        break;
      case "change.stateChanged":
        expect(states.get(step.data.changeId)).toBe(step.data.from);
        states.set(step.data.changeId, step.data.to);
        break;
      case "scheduler.tick":
        expect(step.data.tick).toBeGreaterThan(ticked);
        ticked = step.data.tick;
        break;
      default:
    }
  }
  expect([...progress.values()]).toEqual([1, 0.1]);
});

test("it takes about twenty seconds", () => {
  const pausesMs = steps().reduce((sum, { pauseMs }) => sum + pauseMs, 0);
  expect(pausesMs).toBeGreaterThan(15_000);
  expect(pausesMs).toBeLessThan(25_000);
});
