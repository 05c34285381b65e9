import { describe, expect, test } from "vitest";
import cases from "../../cases/key-hash.json" with { type: "json" };
import { argon2id, hashKey, matchesHash, parseStoredHash } from "./key-hash.ts";

const parsed = (stored: string) => {
  const found = parseStoredHash(stored);
  if (found === undefined) throw new Error("a stored hash that is refused");
  return found;
};

describe("a stored hash is matched by the string it was made of", () => {
  test.each(cases.matching)("$name", async ({ key, stored }) => {
    expect(await matchesHash(key, parsed(stored), argon2id)).toBe(true);
    expect(await hashKey(key, parsed(stored).salt, argon2id)).toBe(stored);
  });
});

describe("a stored hash is not matched by any other string, nor under other costs", () => {
  test.each(cases.notMatching)("$name", async ({ key, stored }) => {
    expect(await matchesHash(key, parsed(stored), argon2id)).toBe(false);
  });
});

describe("a stored hash that we would not have stored is refused", () => {
  test.each(cases.refused)("$name", ({ stored }) => {
    expect(parseStoredHash(stored)).toBeUndefined();
  });

  test("a text of a megabyte", () => {
    expect(parseStoredHash(`argon2id|${"A".repeat(2 ** 20)}|AAAA`)).toBeUndefined();
  });
});
