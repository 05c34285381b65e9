import { Redis } from "ioredis";
import { expect, test, vi } from "vitest";
import { startTestRedis } from "./test-redis.ts";

const timeout = 30_000;

async function ping(url: string): Promise<string> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await redis.ping();
  } finally {
    redis.disconnect();
  }
}

test("it answers until it is disposed of, and two are apart", { timeout }, async () => {
  await using other = await startTestRedis();
  const redis = await startTestRedis();
  expect(await ping(redis.url)).toBe("PONG");
  expect(redis.url).not.toBe(other.url);
  await redis[Symbol.asyncDispose]();
  await expect(ping(redis.url)).rejects.toThrow();
  expect(await ping(other.url)).toBe("PONG");
});

test("one frozen by a signal is disposed of all the same", { timeout }, async ({ skip }) => {
  const redis = await startTestRedis();
  const { pid = 0 } = redis;
  if (pid > 0) process.kill(pid, "SIGSTOP");
  await redis[Symbol.asyncDispose]();
  skip(pid === 0, "in Docker there is no process to freeze");
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"));
});
