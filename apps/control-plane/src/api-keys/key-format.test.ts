import { describe, expect, test } from "vitest";
import cases from "../../cases/key-format.json" with { type: "json" };
import { keyBytes, mintKey, parseKey } from "./key-format.ts";

describe("a key that is minted", () => {
  test.each(cases.minted)("$name", ({ hex, key, prefix }) => {
    const minted = mintKey(() => Buffer.from(hex, "hex"));
    expect(minted).toEqual({ text: key, prefix });
    expect(parseKey(key)).toEqual(minted);
  });

  test("is made of as many random bytes as the contract says", () => {
    const asked: number[] = [];
    mintKey((bytes) => {
      asked.push(bytes);
      return Buffer.alloc(bytes);
    });
    expect(asked).toEqual([keyBytes]);
    expect(keyBytes).toBe(16);
  });
});

describe("no key of ours is", () => {
  test.each(cases.refused)("$name", ({ value }) => {
    expect(parseKey(value)).toBeUndefined();
  });

  test("any of the 15 strings that decode to the same bytes as a key", () => {
    const key = "bp_AAECAwQFBgcICQoLDA0ODw";
    const bytesOf = (text: string) => Buffer.from(text.slice(3), "base64url").toString("hex");
    const lookAlikes = Array.from({ length: 128 }, (_, code) => key.slice(0, -1) + String.fromCharCode(code))
      .filter((text) => /[A-Za-z0-9_-]$/.test(text))
      .filter((text) => text !== key && bytesOf(text) === bytesOf(key));
    expect(lookAlikes).toHaveLength(15);
    expect(lookAlikes.filter((text) => parseKey(text) !== undefined)).toEqual([]);
  });
});
