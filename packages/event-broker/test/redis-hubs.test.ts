import { describe, expect, test } from "vitest";
import { createRedisHubs } from "../src/index.ts";
import { channelsPerSubscribeMax, readsMax, retryDelayMs } from "../src/limits.ts";
import { FakeRedis } from "./fake-redis.ts";
import { createRecorder, type Frame } from "./recorder.ts";

function openHubs() {
  const [redis, subscriber] = [new FakeRedis(), new FakeRedis()];
  const failures: unknown[] = [];
  let nowMs = 0;
  const hubs = createRedisHubs<Frame>({
    redis: redis.asRedis(),
    subscriber: subscriber.asRedis(),
    clock: () => nowMs,
    encode: (event) => event,
    onEvent: (event) => void (event.kind === "failed" && failures.push(event.error)),
  });
  const tick = (afterMs: number) => {
    nowMs += afterMs;
    return hubs.tick();
  };
  return { redis, subscriber, hubs, failures, tick };
}

const anEmptyHistory = async () => ["7-0", "", "0", []];
const promisesSettled = () => new Promise((resolve) => setImmediate(resolve));

describe("a history that can't be read", () => {
  test("is asked for again after a while, whoever comes meanwhile, and then all begin", async () => {
    const { redis, hubs, failures, tick } = openHubs();
    const subscribers = Array.from({ length: 100 }, () => createRecorder());
    for (const subscriber of subscribers) {
      hubs.attach("o", undefined, subscriber);
      await promisesSettled();
    }
    await tick(retryDelayMs - 1);
    expect([redis.scripts, failures.length]).toEqual([1, 1]);
    await tick(1);
    expect([redis.scripts, failures.length]).toEqual([2, 2]);
    redis.answer = anEmptyHistory;
    await tick(retryDelayMs);
    expect(subscribers.map(({ start }) => start?.position)).toEqual(subscribers.map(() => "7-0"));
  });

  test("is not asked for without a connection", async () => {
    const { redis, hubs, failures, tick } = openHubs();
    redis.status = "reconnecting";
    redis.answer = anEmptyHistory;
    const subscriber = createRecorder();
    hubs.attach("o", undefined, subscriber);
    await tick(10_000);
    expect([redis.scripts, failures]).toEqual([0, []]);
    redis.status = "ready";
    await tick(1);
    expect(subscriber.start).toBeDefined();
  });

  test.each([null, "x", [], ["7-0"], ["x", "", "0", []], ["7-0", "", "0", "x"]])(
    "is %j, too",
    async (answer) => {
      const { redis, hubs, failures } = openHubs();
      redis.answer = async () => answer;
      hubs.attach("o", undefined, createRecorder());
      await promisesSettled();
      expect(failures).toEqual([new Error("Redis's answer is no history")]);
    },
  );
});

test("many histories are read a few at a time", async () => {
  const { redis, hubs } = openHubs();
  const answers: PromiseWithResolvers<unknown>[] = [];
  redis.answer = () => {
    const answer = Promise.withResolvers<unknown>();
    answers.push(answer);
    return answer.promise;
  };
  const subscribers = Array.from({ length: 3 * readsMax }, () => createRecorder());
  for (const [n, subscriber] of subscribers.entries()) hubs.attach(`o${n}`, undefined, subscriber);
  await promisesSettled();
  expect(answers).toHaveLength(readsMax);
  for (let n = 0; n < subscribers.length; n++) {
    answers[n]!.resolve(await anEmptyHistory());
    await promisesSettled();
  }
  expect(subscribers.every(({ start }) => start !== undefined)).toBe(true);
});

test("channels are subscribed to anew in a few commands, however many", async () => {
  const { redis, subscriber, hubs } = openHubs();
  redis.answer = anEmptyHistory;
  const count = 2 * channelsPerSubscribeMax + 1;
  for (let n = 0; n < count; n++) hubs.attach(`o${n}`, undefined, createRecorder());
  await promisesSettled();
  subscriber.subscribed.length = 0;
  subscriber.emit("close");
  expect(hubs.isLive).toBe(false);
  subscriber.emit("ready");
  await promisesSettled();
  expect(subscriber.subscribed.map(({ length }) => length)).toEqual([
    channelsPerSubscribeMax,
    channelsPerSubscribeMax,
    1,
  ]);
});

test("a history that comes after the hubs were disposed of is nobody's", async () => {
  const { redis, hubs, failures } = openHubs();
  const answer = Promise.withResolvers<unknown>();
  redis.answer = () => answer.promise;
  const subscriber = createRecorder();
  hubs.attach("o", undefined, subscriber);
  await promisesSettled();
  await hubs[Symbol.asyncDispose]();
  answer.resolve(await anEmptyHistory());
  await promisesSettled();
  await hubs.tick();
  expect([subscriber.start, failures, redis.scripts]).toEqual([undefined, [], 1]);
});
