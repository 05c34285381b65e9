import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createKeyMetrics } from "./key-metrics.ts";
import { createUsageRecorder, usageBatchMax, usageIntervalMs, usagePendingMax } from "./usage-recorder.ts";

function openRecorder({ touch }: { touch?: (ids: readonly string[]) => Promise<void> } = {}) {
  const metrics = createKeyMetrics(new Registry());
  const written: (readonly string[])[] = [];
  const time = { nowMs: 0 };
  const recorder = createUsageRecorder({
    touch: touch ?? (async (ids) => void written.push(ids)),
    metrics,
    logger: { warn: () => undefined },
    clock: () => time.nowMs,
  });
  const dropped = async () => (await metrics.droppedUses.get()).values[0]?.value;
  return { recorder, written, time, dropped };
}

test("noting writes nothing; a tick writes each key once", async () => {
  const { recorder, written } = openRecorder();
  for (const id of ["a", "b", "a"]) recorder.note(id);
  expect(written).toEqual([]);
  await recorder.tick();
  await recorder.tick();
  expect(written).toEqual([["a", "b"]]);
});

test("a key in constant use is written once a minute", async () => {
  const { recorder, written, time } = openRecorder();
  for (const nowMs of [0, 1, usageIntervalMs - 1, usageIntervalMs, usageIntervalMs + 1]) {
    time.nowMs = nowMs;
    recorder.note("a");
    await recorder.tick();
  }
  expect(written).toEqual([["a"], ["a"]]);
});

test("a write that fails is dropped and counted, and a later use is written", async () => {
  let isBroken = true;
  const written: string[] = [];
  const { recorder, time, dropped } = openRecorder({
    touch: async (ids) => {
      if (isBroken) throw new Error("no database");
      written.push(...ids);
    },
  });
  recorder.note("a");
  recorder.note("b");
  await recorder.tick();
  expect(await dropped()).toBe(2);
  isBroken = false;
  await recorder.tick();
  expect(written).toEqual([]);
  time.nowMs = usageIntervalMs;
  recorder.note("a");
  await recorder.tick();
  expect(written).toEqual(["a"]);
});

test("what waits is bounded, what is over it is counted, and a write is bounded too", async () => {
  const { recorder, written, dropped } = openRecorder();
  for (let n = 0; n < usagePendingMax + 3; n++) recorder.note(`key-${n}`);
  expect(await dropped()).toBe(3);
  for (let n = 0; n < usagePendingMax / usageBatchMax; n++) await recorder.tick();
  expect(written.map(({ length }) => length)).toEqual(
    Array.from({ length: usagePendingMax / usageBatchMax }, () => usageBatchMax),
  );
});

test("a tick does not wait in line behind a slow write", async () => {
  const slow = Promise.withResolvers<void>();
  let writes = 0;
  const { recorder } = openRecorder({
    touch: () => {
      writes++;
      return slow.promise;
    },
  });
  recorder.note("a");
  const first = recorder.tick();
  recorder.note("b");
  await recorder.tick();
  expect(writes).toBe(1);
  slow.resolve();
  await first;
  await recorder.tick();
  expect(writes).toBe(2);
});
