import { expect, test } from "vitest";
import { instantFromPostgres } from "./client.ts";

test.each([
  ["2026-01-31 12:00:00+00", "2026-01-31T12:00:00.000000Z"],
  ["2026-01-31 12:00:00.5+00", "2026-01-31T12:00:00.500000Z"],
  ["2026-01-31 12:00:00.000001+00", "2026-01-31T12:00:00.000001Z"],
  ["2026-01-31T12:00:00.123456+00:00", "2026-01-31T12:00:00.123456Z"],
])("%s as Postgres or its JSON prints it is %s", (text, instant) => {
  expect(instantFromPostgres(text)).toBe(instant);
});

test.each(["infinity", "2026-01-31 12:00:00+01", "0044-03-15 12:00:00+00 BC", "12026-01-31 12:00:00+00"])(
  "%s is refused rather than shown wrong",
  (text) => {
    expect(() => instantFromPostgres(text)).toThrow(TypeError);
  },
);
