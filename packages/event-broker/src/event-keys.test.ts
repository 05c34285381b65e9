import { expect, test } from "vitest";
import { createEventKeys } from "./event-keys.ts";

test("over the bound the oldest are forgotten", () => {
  const keys = createEventKeys(() => 0, 3);
  for (const key of ["a", "b", "c", "d"]) keys.keep("org", key, `id-${key}`);
  expect(["a", "b", "c", "d"].map((key) => keys.find("org", key))).toEqual([
    undefined,
    "id-b",
    "id-c",
    "id-d",
  ]);
});

test("no text of two is another two", () => {
  const keys = createEventKeys(() => 0);
  keys.keep('a","b', "c", "id");
  expect(keys.find("a", 'b","c')).toBeUndefined();
});
