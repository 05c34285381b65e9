import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createKeyRing, developmentKeyRing, holdsDevelopmentKey, parseKeyRing } from "./key-ring.ts";

const key = () => randomBytes(32).toString("base64");

test("the first entry is current, all can derive", () => {
  const ring = parseKeyRing(`new:${key()}, old:${key()}`);
  expect(ring.currentId).toBe("new");
  expect(ring.ids).toEqual(["new", "old"]);
  expect(ring.derive("x", "old")).toHaveLength(32);
  expect(ring.derive("x", "none")).toBeUndefined();
});

test("a key differs by purpose and by ring key, and is the same again", () => {
  const ring = parseKeyRing(`a:${key()},b:${key()}`);
  expect(ring.derive("one", "a")).toEqual(ring.derive("one", "a"));
  expect(ring.derive("one", "a")).not.toEqual(ring.derive("two", "a"));
  expect(ring.derive("one", "a")).not.toEqual(ring.derive("one", "b"));
});

test.each([
  ["nothing", ""],
  ["no id", key()],
  ["no base64", "a:%%%"],
  ["31 bytes", `a:${randomBytes(31).toString("base64")}`],
  ["an empty entry", `a:${key()},`],
  ["the same id twice", `a:${key()},a:${key()}`],
])("%s is refused, without repeating it", (_title, text) => {
  expect(() => parseKeyRing(text)).toThrow(/^entry \d /);
  if (text !== "") expect(() => parseKeyRing(text)).not.toThrow(text);
});

test("the key for development is known under any name", () => {
  expect(holdsDevelopmentKey(developmentKeyRing())).toBe(true);
  expect(holdsDevelopmentKey(createKeyRing(new Map([["a", randomBytes(32)]])))).toBe(false);
});
