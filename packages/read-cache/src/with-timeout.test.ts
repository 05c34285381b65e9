import { expect, test } from "vitest";
import { withTimeout } from "./with-timeout.ts";

const late = () => new Error("too late");
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

test("what comes in time is the outcome, and leaves no timer behind", async () => {
  const before = timers();
  expect(await withTimeout(Promise.resolve("here"), 60_000, late)).toBe("here");
  const failure = new Error("failed");
  await expect(withTimeout(Promise.reject(failure), 60_000, late)).rejects.toBe(failure);
  expect(timers()).toBe(before);
});

test("what does not is given up, and fails later without anybody's notice", async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  await expect(withTimeout(promise, 1, late)).rejects.toThrow("too late");
  reject(new Error("whatever"));
});
