import { expect, test } from "vitest";
import { createPlainHost } from "./plain-host.ts";

test.each(["localhost", "localhost:8081", "127.0.0.1:8081", "left-rail.example", "a.b:1", "[::1]:8080"])(
  "%j is spelt as URLs spell it",
  (host) => {
    const isPlain = createPlainHost();
    expect([isPlain(host), isPlain(host)]).toEqual([true, true]);
  },
);

test.each([
  "",
  "127.1",
  "127.1:80",
  "foo.1",
  "foo.1:443",
  "foo:80",
  "Foo",
  "a b",
  "a/b",
  "a@b",
  "a?b",
  "a#b",
  "foo:",
])("%j is left to the app", (host) => {
  const isPlain = createPlainHost();
  expect([isPlain(host), isPlain(host)]).toEqual([false, false]);
});

test("what is remembered has a bound", () => {
  const isPlain = createPlainHost();
  for (let n = 0; n < 5_000; n++) expect(isPlain(`host-${n}`)).toBe(true);
  expect(isPlain("foo.1")).toBe(false);
});
