import { expect, test } from "vitest";
import { areEqual } from "./are-equal.ts";

test("stamps are the epochs only where all of them are, in their order and in number", () => {
  expect(areEqual(["a", "b"], ["a", "b"])).toBe(true);
  expect(areEqual(["b", "a"], ["a", "b"])).toBe(false);
  expect(areEqual(["a"], ["a", "b"])).toBe(false);
  expect(areEqual(["a", "b"], ["a"])).toBe(false);
});
