import { ProblemError } from "@leftrail/contract";
import { createKeyRing } from "@leftrail/store";
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { createCursorCodec } from "./cursor.ts";

const scope = { list: "things", userId: "u", filters: { a: "1", b: null } };
const ringOf = (...ids: readonly (readonly [string, Buffer])[]) => createKeyRing(new Map(ids));
const old = ["old", randomBytes(32)] as const;

test("a position comes back whole, and the order of filters does not matter", () => {
  const codec = createCursorCodec(ringOf(old));
  const text = codec.encode(scope, { x: "ü" });
  expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(codec.decode({ ...scope, filters: { b: null, a: "1" } }, text, z.object({ x: z.string() }))).toEqual(
    {
      x: "ü",
    },
  );
});

test("a cursor outlives a rotation of keys, but not the removal of its key", () => {
  const text = createCursorCodec(ringOf(old)).encode(scope, 1);
  const fresh = ["new", randomBytes(32)] as const;
  expect(createCursorCodec(ringOf(fresh, old)).decode(scope, text, z.number())).toBe(1);
  expect(() => createCursorCodec(ringOf(fresh)).decode(scope, text, z.number())).toThrow(ProblemError);
});

test.each([
  ["another list", { ...scope, list: "others" }],
  ["another user", { ...scope, userId: "v" }],
  ["another filter value", { ...scope, filters: { a: "2", b: null } }],
  ["one filter less", { ...scope, filters: { a: "1" } }],
  ["null is not the text null", { ...scope, filters: { a: "1", b: "null" } }],
])("a cursor is refused by %s", (_title, other) => {
  const codec = createCursorCodec(ringOf(old));
  const text = codec.encode(scope, 1);
  expect(() => codec.decode(other, text, z.number())).toThrow(ProblemError);
});

test.each(["", "A", "====", "not base64url!", "A".repeat(24)])("%j is no cursor", (text) => {
  expect(() => createCursorCodec(ringOf(old)).decode(scope, text, z.number())).toThrow(ProblemError);
});
