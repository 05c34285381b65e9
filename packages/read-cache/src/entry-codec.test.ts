import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeEntry, encodeEntry, type StoredEntry } from "./entry-codec.ts";
import { foundOf } from "./found.ts";

const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", ""));

const entries: fc.Arbitrary<StoredEntry> = fc.record({
  key: line,
  variant: line,
  build: line,
  stamps: fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{1,16}$/), { minLength: 1, maxLength: 4 }),
  freshUntilMs: fc.nat(2 ** 31).map((ms) => ms + 1.7e12),
  endsAtMs: fc.option(fc.nat(2 ** 31)),
  answer: fc.string({ unit: "grapheme" }).map((text) => foundOf(JSON.stringify(text))),
});

test("what was written is what is read", () => {
  fc.assert(
    fc.property(entries, (entry) => {
      expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
    }),
  );
});

test("an entry with any byte changed, cut or added is none", () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, position, flip) => {
      const bytes = encodeEntry(entry);
      const at = position % bytes.length;
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ flip;
      expect(decodeEntry(changed)).toBeUndefined();
      expect(decodeEntry(bytes.subarray(0, at))).toBeUndefined();
      expect(decodeEntry(Buffer.concat([bytes, Buffer.of(flip)]))).toBeUndefined();
    }),
  );
});

test("bytes of somebody else's are none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(decodeEntry(Buffer.from(bytes))).toBeUndefined();
    }),
  );
});

test.each([
  ["of another length than it says", (payload: Buffer) => Buffer.concat([payload, Buffer.from(" ")])],
  [
    "without a body, for a field is missing",
    (payload: Buffer) => payload.subarray(0, payload.indexOf(10) + 1),
  ],
  ["empty", () => Buffer.alloc(0)],
])("an entry whose digest is right is none where its content is %s", (_what, spoil) => {
  const [entry] = fc.sample(entries, 1);
  const bytes = encodeEntry(entry!);
  const payload = spoil(bytes.subarray(bytes.indexOf(10) + 1));
  const head = `leftrail-entry-1 ${hash("sha256", payload, "base64url")}\n`;
  expect(decodeEntry(Buffer.concat([Buffer.from(head), payload]))).toBeUndefined();
});

test("a field with a line break is refused where it is written", () => {
  const entry = fc.sample(entries, 1)[0]!;
  expect(() => encodeEntry({ ...entry, variant: "a\nb" })).toThrow("line break");
});

test("the ETag follows from the bytes: the same for the same, another for others", () => {
  expect(foundOf('{"a":1}').etag).toBe(foundOf('{"a":1}').etag);
  expect(foundOf('{"a":1}').etag).not.toBe(foundOf('{"a":2}').etag);
  expect(foundOf('{"a":"ü"}').etag).toMatch(/^"[A-Za-z0-9_-]{22}"$/);
});
