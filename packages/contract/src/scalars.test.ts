import { expect, test } from "vitest";
import { isUuid, nameSchema, slugSchema, toInstant, toTimestamp, uuidSchema } from "./scalars.ts";

test("a UUID is taken in either case and comes out in lower case", () => {
  expect(uuidSchema.parse("0192F3A4-7B1C-7DEF-8A9B-0C1D2E3F4A5B")).toBe(
    "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b",
  );
  expect(isUuid("0192F3A4-7B1C-7DEF-8A9B-0C1D2E3F4A5B")).toBe(true);
});

test.each(["", "0192f3a47b1c7def8a9b0c1d2e3f4a5b", "{0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b}", "x", 1, null])(
  "%j is no UUID",
  (value) => {
    expect(isUuid(value)).toBe(false);
    expect(uuidSchema.safeParse(value).success).toBe(false);
  },
);

test.each(["abc", "a-c", "0-0", "a".repeat(63), "a--b"])("%s is a slug", (slug) => {
  expect(slugSchema.parse(slug)).toBe(slug);
});

test.each(["", "ab", "-ab", "ab-", "aBc", "a_c", "a c", "äbc", "abc\n", "a".repeat(64)])(
  "%j is no slug",
  (slug) => {
    expect(slugSchema.safeParse(slug).success).toBe(false);
  },
);

test("a name has 1 to 200 characters that are not all white space", () => {
  expect(nameSchema.safeParse("x".repeat(200)).success).toBe(true);
  for (const name of ["", " ", "\t\n", "x".repeat(201)])
    expect(nameSchema.safeParse(name).success).toBe(false);
});

test("an instant keeps microseconds, its wire form cuts them", () => {
  expect(toTimestamp(toInstant("2026-01-31T12:00:00.123999Z"))).toBe("2026-01-31T12:00:00.123Z");
  for (const text of ["2026-01-31T12:00:00.123Z", "2026-01-31 12:00:00.123456Z", "now"]) {
    expect(() => toInstant(text)).toThrow(TypeError);
  }
});
