import { expect, test } from "vitest";
import { waitUntil } from "./wait-until.ts";

const soon = { timeoutMs: 30, intervalMs: 1 };

test("the first truthy value comes back, whatever came before, errors included", async () => {
  const looks: (() => unknown)[] = [
    () => undefined,
    async () => 0,
    () => {
      throw new Error("not yet");
    },
    async () => "there",
    () => "too late",
  ];
  expect(await waitUntil(() => looks.shift()?.(), { what: "it" })).toBe("there");
  expect(looks).toHaveLength(1);
});

test("what was waited for in vain is named, with the last value", async () => {
  await expect(waitUntil(() => [].length, { what: "a row", ...soon })).rejects.toThrow(
    "waited 30 ms in vain for a row; the last value was 0",
  );
});

test("what was waited for in vain is named, with the last error as its cause", async () => {
  const cause = new Error("connection refused");
  const failing = waitUntil(() => Promise.reject(cause), { what: "an answer", ...soon });
  await expect(failing).rejects.toMatchObject({
    message: "waited 30 ms in vain for an answer; the last error was connection refused",
    cause,
  });
});

test("a look that never ends is no reason to wait longer", async () => {
  const never = () => new Promise<boolean>(() => undefined);
  await expect(waitUntil(never, { what: "a reply", ...soon })).rejects.toThrow(
    "waited 30 ms in vain for a reply; the first look gave no answer",
  );
});
