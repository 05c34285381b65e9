import { expect, test } from "vitest";
import { millisecondsOf } from "./redis-clock.ts";

test("TIME counts in microseconds, whether it comes as texts or as numbers", () => {
  expect(millisecondsOf(["5000", "250"])).toBe(5_000_000.25);
  expect(millisecondsOf([5_000, 999_999])).toBe(5_000_999.999);
});

test.each([[[]], [["5000"]], [["soon", "0"]]])("%j is no time", (time) => {
  expect(() => millisecondsOf(time)).toThrow("no time");
});
