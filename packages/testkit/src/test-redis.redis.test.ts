import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { startTestRedis, type TestRedis } from "./test-redis.ts";
import { waitUntil } from "./wait-until.ts";

const timeout = 30_000;

function openClient({ url }: { readonly url: string }): Redis {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function ping(url: string): Promise<string> {
  const redis = openClient({ url });
  await redis.connect();
  return redis.ping();
}

const isGone = (pid: number) =>
  waitUntil(
    () => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    },
    { what: "the process to be gone" },
  );

/** Which servers can be made to fail; those in Docker say what to install instead. */
const isProcess = ({ pid }: TestRedis): boolean => pid !== undefined;
const inDocker = "in Docker there is no process to control";

test("it answers until it is disposed of, and two are apart", { timeout }, async () => {
  await using other = await startTestRedis();
  const redis = await startTestRedis();
  expect(await ping(redis.url)).toBe("PONG");
  expect(redis.url).not.toBe(other.url);
  await redis[Symbol.asyncDispose]();
  await expect(ping(redis.url)).rejects.toThrow();
  expect(await ping(other.url)).toBe("PONG");
});

test(
  "a frozen one answers nothing, and everything on the same connection once thawed",
  {
    timeout,
  },
  async ({ skip }) => {
    await using redis = await startTestRedis();
    skip(!isProcess(redis), inDocker);
    const client = openClient(redis);
    await client.connect();
    await redis.freeze();
    const answer = client.ping();
    // The kernel accepts connections for it, and an unfrozen server would answer here first.
    await using other = await startTestRedis();
    expect(await ping(other.url)).toBe("PONG");
    expect(await Promise.race([answer, Promise.resolve("no answer")])).toBe("no answer");
    redis.thaw();
    expect(await answer).toBe("PONG");
  },
);

test("a frozen one is stopped and disposed of all the same", { timeout }, async ({ skip }) => {
  const redis = await startTestRedis();
  const { pid = 0 } = redis;
  if (pid > 0) await redis.freeze();
  await redis[Symbol.asyncDispose]();
  skip(pid === 0, inDocker);
  await isGone(pid);
});

test(
  "stopped, its connections end; started again it is on the same port, empty",
  { timeout },
  async ({ skip }) => {
    await using redis = await startTestRedis();
    skip(!isProcess(redis), inDocker);
    const client = openClient(redis);
    await client.set("kept", "no");
    const isClosed = new Promise((resolve) => client.once("close", resolve));
    await redis.stop();
    await isClosed;
    expect(redis.pid).toBeUndefined();
    await expect(ping(redis.url)).rejects.toThrow();
    await redis.start();
    expect(await openClient(redis).get("kept")).toBeNull();
    await expect(redis.start()).rejects.toThrow("runs already");
  },
);

test(
  "started from a snapshot it has the data of that moment, also after it lost all",
  { timeout },
  async ({ skip }) => {
    await using redis = await startTestRedis();
    skip(!isProcess(redis), inDocker);
    const client = openClient(redis);
    await client.set("counter", 1);
    await client.set("short-lived", "yes", "PX", 60_000);
    const snapshot = await redis.saveSnapshot();
    await client.incr("counter");

    await redis.startFrom(snapshot);
    const restored = openClient(redis);
    expect(await restored.get("counter")).toBe("1");
    expect(await restored.pttl("short-lived")).toBeLessThanOrEqual(60_000);
    await redis.stop();
    await expect(redis.saveSnapshot()).rejects.toThrow("stopped");
    await redis.start();
    expect(await openClient(redis).dbsize()).toBe(0);
    await redis.startFrom(snapshot);
    expect(await openClient(redis).get("counter")).toBe("1");
  },
);

test("a stopped one leaves nothing behind", { timeout }, async ({ skip }) => {
  const redis = await startTestRedis();
  const { pid = 0 } = redis;
  skip(!isProcess(redis), inDocker);
  await redis.stop();
  await redis[Symbol.asyncDispose]();
  await isGone(pid);
});
