import { describe, expect, test } from "vitest";
import { createRedisHubs } from "../src/index.ts";
import { channelsPerSubscribeMax, hubLingerMs, readsMax, retryDelayMs } from "../src/limits.ts";
import { FakeRedis, fakeIncarnation } from "./fake-redis.ts";
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

const anEmptyHistory = async () => ["7-0", "0", []];
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
    expect([redis.scripts.length, failures.length]).toEqual([1, 1]);
    await tick(1);
    expect([redis.scripts.length, failures.length]).toEqual([2, 2]);
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
    expect([redis.scripts.length, failures]).toEqual([0, []]);
    redis.status = "ready";
    await tick(1);
    expect(subscriber.start).toBeDefined();
  });

  test.each([null, "x", [], ["7-0"], ["x", "0", []], ["7-0", "0", "x"]])("is %j, too", async (answer) => {
    const { redis, hubs, failures } = openHubs();
    redis.answer = async () => answer;
    hubs.attach("o", undefined, createRecorder());
    await promisesSettled();
    expect(failures).toEqual([new Error("Redis's answer is no history")]);
  });
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

describe("after a connection was lost", () => {
  async function openLost() {
    const opened = openHubs();
    opened.redis.answer = anEmptyHistory;
    opened.hubs.attach("o", undefined, createRecorder());
    await promisesSettled();
    opened.subscriber.emit("close");
    opened.subscriber.subscribed.length = 0;
    const subscribed = Promise.withResolvers<void>();
    opened.subscriber.subscribing = subscribed.promise;
    opened.subscriber.emit("ready");
    opened.redis.execute = async (commands) => commands.map(() => [null, ["7", "0", fakeIncarnation]]);
    return { ...opened, subscribed };
  }

  test("what is under way is not begun again", async () => {
    const { subscriber, hubs, subscribed, tick } = await openLost();
    const ticks = [tick(250), tick(250), tick(250)];
    expect([subscriber.subscribed.length, hubs.isLive]).toEqual([1, false]);
    subscribed.resolve();
    await Promise.all(ticks);
    expect(hubs.isLive).toBe(true);
  });

  test("one that is lost again is not taken for the next one", async () => {
    const { subscriber, hubs, subscribed } = await openLost();
    subscriber.emit("close");
    subscribed.resolve();
    await promisesSettled();
    expect(hubs.isLive).toBe(false);
    subscriber.emit("ready");
    await promisesSettled();
    expect(hubs.isLive).toBe(true);
  });

  test("events arrive at once only when every hub was compared with its head, which is tried again", async () => {
    const { redis, hubs, subscribed, tick, failures } = await openLost();
    const { execute } = redis;
    redis.execute = () => Promise.reject(new Error("no answer"));
    subscribed.resolve();
    await promisesSettled();
    expect([hubs.isLive, failures.length]).toEqual([false, 1]);
    redis.execute = execute;
    await tick(retryDelayMs - 1);
    expect(hubs.isLive).toBe(false);
    await tick(1);
    expect(hubs.isLive).toBe(true);
  });
});

test("new epochs are asked for above all that were seen, whosever they were", async () => {
  const { redis, subscriber, hubs } = openHubs();
  const atLeast = async (organization: string) => {
    hubs.attach(organization, undefined, createRecorder());
    await promisesSettled();
    return redis.scripts.at(-1)![2];
  };
  redis.answer = anEmptyHistory;
  expect(await atLeast("a")).toBe(1);
  expect(await atLeast("b")).toBe(8);
  subscriber.emit("message", "events:{a}", '12-1 0 t\n"x"}');
  await promisesSettled();
  expect(await atLeast("c")).toBe(13);
});

test("a hub stays for those who look in only now and then", async () => {
  const { redis, hubs, tick } = openHubs();
  redis.answer = anEmptyHistory;
  redis.execute = async (commands) => commands.map(() => [null, ["7", "0", fakeIncarnation]]);
  const lookIn = () => hubs.attach("o", undefined, createRecorder())[Symbol.dispose]();
  for (let times = 0; times < 3; times++) {
    lookIn();
    await tick(0);
    await tick(hubLingerMs - 1);
    expect(hubs.hubCount).toBe(1);
  }
  await tick(1);
  expect(hubs.hubCount).toBe(0);
});

test("once the hubs were disposed of, a history that comes is nobody's, and no other is asked for", async () => {
  const { redis, hubs, failures } = openHubs();
  const answer = Promise.withResolvers<unknown>();
  redis.answer = () => answer.promise;
  const subscribers = Array.from({ length: 2 * readsMax }, () => createRecorder());
  for (const [n, subscriber] of subscribers.entries()) hubs.attach(`o${n}`, undefined, subscriber);
  await promisesSettled();
  await hubs[Symbol.asyncDispose]();
  answer.resolve(await anEmptyHistory());
  await promisesSettled();
  await hubs.tick();
  expect(subscribers.some(({ start }) => start !== undefined)).toBe(false);
  expect([failures, redis.scripts.length]).toEqual([[], readsMax]);
});
