import { setImmediate } from "node:timers/promises";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import {
  createHashLanes,
  hashesRunningMax,
  promisingWaitingMax,
  suspectBurstRuns,
  suspectRunsPerSecond,
  suspectWaitingMax,
  suspectWaitingPerKeyMax,
  type HashPlace,
} from "./hash-lane.ts";
import { createKeyMetrics } from "./key-metrics.ts";

const promising: HashPlace = { lane: "promising" };
const suspect = (apiKeyId = "one"): HashPlace => ({ lane: "suspect", apiKeyId });
const overload = { code: "unavailable", retryAfterSeconds: 1 };

/** Lanes whose runs and rests end when the test says so. */
function openLanes() {
  const metrics = createKeyMetrics(new Registry());
  const rests: { delayMs: number; end: () => void }[] = [];
  const time = { nowMs: 0 };
  const lanes = createHashLanes({
    metrics,
    clock: () => time.nowMs,
    after: (delayMs, end) => void rests.push({ delayMs, end }),
  });
  const running: { name: string; finish: () => void }[] = [];
  const run = (place: HashPlace, name: string = place.lane) => {
    const done = lanes.run(
      place,
      () =>
        new Promise<string>((finish) => {
          running.push({ name, finish: () => finish(name) });
        }),
    );
    // Most of them are never asked for; those that are, are awaited.
    done.catch(() => undefined);
    return { done };
  };
  const finishOne = async () => {
    running.shift()?.finish();
    await setImmediate();
  };
  return { metrics, rests, time, lanes, run, finishOne, running: () => running.map(({ name }) => name) };
}

const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));

test("promising runs take both slots and the others wait in their order", async () => {
  const { run, running, finishOne } = openLanes();
  for (const name of ["a", "b", "c", "d"]) run(promising, name);
  expect(running()).toEqual(["a", "b"]);
  await finishOne();
  expect(running()).toEqual(["b", "c"]);
});

test("no more than two run at once, whatever waits: half of libuv's pool", async () => {
  const { run, running, finishOne } = openLanes();
  const all = [...times(8, () => run(promising)), ...times(8, (n) => run(suspect(`key-${n}`)))];
  for (let n = 0; n < all.length; n++) {
    expect(running().length).toBeLessThanOrEqual(hashesRunningMax);
    await finishOne();
  }
  expect(hashesRunningMax).toBe(2);
});

test("of the suspect runs one runs at a time, so a promising one never waits for more than its own", async () => {
  const { run, running } = openLanes();
  times(suspectWaitingPerKeyMax, () => run(suspect()));
  expect(running()).toEqual(["suspect"]);
  run(promising);
  expect(running()).toEqual(["suspect", "promising"]);
});

test("promising runs overtake suspect ones that came before", async () => {
  const { run, running, finishOne } = openLanes();
  for (const name of ["a", "b"]) run(promising, name);
  run(suspect());
  run(promising, "c");
  await finishOne();
  expect(running()).toEqual(["b", "c"]);
});

test("a burst of suspect runs needs no rest; then the lane waits for its rate, and the other one does not", async () => {
  const { run, running, finishOne, rests, time } = openLanes();
  times(suspectBurstRuns, (n) => run(suspect(`key-${n}`)));
  run(suspect(), "after the burst");
  for (let n = 0; n < suspectBurstRuns; n++) {
    expect(running()).toEqual(["suspect"]);
    await finishOne();
  }
  expect(running()).toEqual([]);
  expect(rests.map(({ delayMs }) => delayMs)).toEqual([Math.ceil(1000 / suspectRunsPerSecond)]);
  run(suspect("another"), "last");
  run(promising);
  expect(running()).toEqual(["promising"]);
  time.nowMs += 1000 / suspectRunsPerSecond;
  rests[0]?.end();
  expect(running()).toEqual(["promising", "after the burst"]);
  await finishOne();
  await finishOne();
  expect(running()).toEqual([]);
  expect(rests).toHaveLength(2);
});

test("keys under suspicion take turns, so that a flooded one does not hold up the others", async () => {
  const { run, running, finishOne } = openLanes();
  times(5, () => run(suspect("flooded"), "forged"));
  run(suspect("another"), "true");
  await finishOne();
  await finishOne();
  expect(running()).toEqual(["true"]);
});

test("503 with Retry-After at once when the promising lane is full, and room again afterwards", async () => {
  const { run, running, finishOne } = openLanes();
  times(hashesRunningMax + promisingWaitingMax, () => run(promising));
  await expect(run(promising).done).rejects.toMatchObject(overload);
  await finishOne();
  run(promising);
  expect(running()).toHaveLength(hashesRunningMax);
});

test("one key's strings fill few places of the suspect lane, and the other keys' the rest of it", async () => {
  const { run } = openLanes();
  times(1 + suspectWaitingPerKeyMax, () => run(suspect("flooded")));
  await expect(run(suspect("flooded")).done).rejects.toMatchObject(overload);
  times(suspectWaitingMax - suspectWaitingPerKeyMax, (n) => run(suspect(`other-${n}`)));
  await expect(run(suspect("one too many")).done).rejects.toMatchObject(overload);
});

test("a full suspect lane leaves the promising one open", async () => {
  const { run, running } = openLanes();
  times(suspectWaitingMax + 1, (n) => run(suspect(`key-${n}`)));
  run(promising);
  expect(running()).toEqual(["suspect", "promising"]);
});

test("an answer and an error reach whoever asked, and both free the slot", async () => {
  const { lanes } = openLanes();
  expect(await lanes.run(promising, async () => 1)).toBe(1);
  await expect(lanes.run(promising, () => Promise.reject(new Error("later")))).rejects.toThrow("later");
  const throwsAtOnce = () => {
    throw new Error("at once");
  };
  for (let n = 0; n <= hashesRunningMax; n++) {
    await expect(lanes.run(promising, throwsAtOnce)).rejects.toThrow("at once");
  }
  expect(await lanes.run(promising, async () => 2)).toBe(2);
});

test("running, waiting and refused runs are counted by lane", async () => {
  const { run, metrics, finishOne } = openLanes();
  times(suspectWaitingPerKeyMax + 2, () => run(suspect()));
  times(3, () => run(promising));
  const valueOf = async (metric: keyof typeof metrics, lane: string) =>
    (await metrics[metric].get()).values.find(({ labels }) => "lane" in labels && labels.lane === lane)
      ?.value;
  expect(await valueOf("laneRunning", "suspect")).toBe(1);
  expect(await valueOf("laneRunning", "promising")).toBe(1);
  expect(await valueOf("laneWaiting", "suspect")).toBe(suspectWaitingPerKeyMax);
  expect(await valueOf("laneWaiting", "promising")).toBe(2);
  expect(await valueOf("laneRefusals", "suspect")).toBe(1);
  await finishOne();
  expect(await valueOf("laneRunning", "suspect")).toBe(0);
});
