import { expect, test } from "vitest";
import type { DemoStep } from "./demo-run.ts";
import { play, type Stage } from "./play.ts";

const stage = (progress: number): DemoStep => ({
  kind: "event",
  type: "run.stage",
  data: { runId: "r", stage: "fetching", progress, message: "two\nlines" },
  pauseMs: 100,
});
const override = (is: "set" | "removed"): DemoStep => ({ kind: "override", is, pauseMs: 50 });

/** Notes what is done to it; an override is there or not. */
function fakeLeftrail() {
  const done: string[] = [];
  let isSet = false;
  const leftrail: Stage["leftrail"] = {
    publish: async ({ type }) => `1-${done.push(`published ${type}`)}`,
    setOverride: async () => {
      isSet = true;
      done.push("set");
    },
    removeOverride: async () => {
      if (isSet) done.push("removed");
      isSet = false;
    },
  };
  return { leftrail, done };
}

function open({ sleep }: { sleep?: Stage["sleep"] } = {}) {
  const fake = fakeLeftrail();
  const printed: string[] = [];
  const slept: number[] = [];
  const on: Stage = {
    leftrail: fake.leftrail,
    print: (line) => printed.push(line),
    sleep: sleep ?? (async (ms) => slept.push(ms)),
    speed: 2,
  };
  return { ...fake, printed, slept, on };
}

test("each step is taken and told of in one line, then comes its pause, faster by the speed", async () => {
  const { on, done, printed, slept } = open();
  await play([stage(0.25), override("set"), override("removed"), stage(0.5)], on);
  expect(done).toEqual(["published run.stage", "set", "removed", "published run.stage"]);
  expect(slept).toEqual([50, 25, 25, 50]);
  expect(printed).toEqual([
    "run.stage                 fetching, 25 %: two lines  (1-1)",
    "org.entitlements.changed  follows, for an override was set",
    "org.entitlements.changed  follows, for an override was removed",
    "run.stage                 fetching, 50 %: two lines  (1-4)",
  ]);
});

test("an override that is set when it ends early is taken back", async () => {
  const stopped = new Error("stopped");
  const { on, done } = open({ sleep: () => Promise.reject(stopped) });
  await expect(play([override("set"), stage(1)], on)).rejects.toBe(stopped);
  expect(done).toEqual(["set", "removed"]);
});

test("an event that can't be published ends it", async () => {
  const { on, done } = open();
  const refused = new Error("refused");
  const leftrail = { ...on.leftrail, publish: () => Promise.reject(refused) };
  await expect(play([override("set"), stage(1), stage(1)], { ...on, leftrail })).rejects.toBe(refused);
  expect(done).toEqual(["set", "removed"]);
});
