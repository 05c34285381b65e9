import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { startHttpFloor } from "./http-floor.ts";
import { interleave } from "./interleave.ts";
import { openLoop } from "./open-loop.ts";
import { cpuMicrosOf, residentBytesOf } from "./process-usage.ts";
import { quantile } from "./report.ts";
import { openClient } from "./load-client.ts";
import { prepareRequest } from "./prepare-request.ts";

test("a quantile is the sample below which the share lies, and NaN of no samples", () => {
  expect([0, 0.5, 0.99, 1].map((share) => quantile([30, 10, 20], share))).toEqual([10, 20, 30, 30]);
  expect(quantile([], 0.5)).toBeNaN();
});

test("an open loop sends all of its requests, none before it is due", async () => {
  const startMs = performance.now();
  const answers = await openLoop({ perSecond: 200, seconds: 0.1, send: async (n) => n });
  expect(answers.map(({ answer }) => answer)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(19 * 5);
  for (const { lateMs, latencyMs } of answers) {
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(latencyMs).toBeGreaterThanOrEqual(lateMs);
  }
});

test("a stall counts for every request that was due meanwhile", async () => {
  const stallMs = 50;
  const answers = await openLoop({
    perSecond: 1000,
    seconds: 0.1,
    send: async (n) => {
      const endMs = performance.now() + (n === 10 ? stallMs : 0);
      while (performance.now() < endMs);
    },
  });
  expect(answers).toHaveLength(100);
  expect(answers.filter(({ latencyMs }) => latencyMs > stallMs / 2).length).toBeGreaterThanOrEqual(20);
});

test("an open loop whose request fails is over", async () => {
  let sent = 0;
  const send = async (): Promise<void> => {
    sent += 1;
    throw new Error("refused");
  };
  await expect(openLoop({ perSecond: 100, seconds: 60, send })).rejects.toThrow("refused");
  expect(sent).toBeLessThan(100);
});

test("candidates are measured in turn, backwards every other time, and compared round by round", async () => {
  const order: string[] = [];
  // Each round is twice as slow as the one before; the warm-up would spoil everything.
  const pace = { slow: 1e6, fast: 1 };
  const measure = (name: "slow" | "fast", factor: number) => async () => {
    order.push(name);
    const value = order.length <= 2 ? pace[name] : factor * 2 ** Math.ceil(order.length / 2);
    return value;
  };
  const result = await interleave(3, { fast: measure("fast", 1), slow: measure("slow", 3) });
  expect(order).toEqual(["fast", "slow", "slow", "fast", "fast", "slow", "slow", "fast"]);
  expect(result.ratio("slow", "fast")).toBe(3);
  expect(result.ratio("fast", "slow")).toBeCloseTo(1 / 3);
  expect(result.typical("fast")).toBe(8);
});

const isLinux = process.platform === "linux";

test.skipIf(!isLinux)("a process's CPU time grows by what it works, and its memory is told in bytes", () => {
  const cpuMicros = cpuMicrosOf(process.pid);
  const untilMicros = process.cpuUsage().user + 200_000;
  while (process.cpuUsage().user < untilMicros);
  expect(cpuMicrosOf(process.pid) - cpuMicros).toBeGreaterThanOrEqual(150_000);
  expect(residentBytesOf(process.pid)).toBeGreaterThan(10 * 2 ** 20);
  const ended = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
  expect(() => cpuMicrosOf(ended)).toThrow("ENOENT");
});

test("the plain server answers every path with the same bytes, from a process of its own", async () => {
  const headers = { "Content-Type": "application/json", "x-more": "yes" };
  await using floor = await startHttpFloor({ body: '{"naïve":true}', headers });
  expect(floor.pid).not.toBe(process.pid);
  using client = openClient(floor.url, { socketsMax: 1 });
  for (const path of ["/", "/any?path"]) {
    const answer = await client.sendAndKeep(prepareRequest({ path }));
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('{"naïve":true}') });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "application/json",
      "x-more": "yes",
    });
  }
});
