import { expect, test } from "vitest";
import { escapedLengthMax, unescapedBytes } from "./unescaped-bytes.ts";

const escaped = (text: string): string =>
  `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`;

test.each(["", "a", "\u0001", "é", "߿ࠀ", "€", "\uffff", "😀", "a😀€é\n", "\\", '"'])(
  "%j counts as its UTF-8, however it is escaped",
  (text) => {
    const bytes = Buffer.byteLength(text) + 2;
    expect(unescapedBytes(escaped(text))).toBe(bytes);
    expect(
      unescapedBytes(
        escaped(text)
          .toUpperCase()
          .replaceAll(String.raw`\U`, String.raw`\u`),
      ),
    ).toBe(bytes);
    expect(unescapedBytes(JSON.stringify(text))).toBe(bytes);
    expect(escaped(text).length - 2).toBeLessThanOrEqual(escapedLengthMax * Buffer.byteLength(text));
  },
);

test.each([
  [String.raw`"\\u0041"`, 8],
  [String.raw`"\\\u0041"`, 4],
  [String.raw`"\/\b\f\n\r\t\"\\"`, 10],
  [String.raw`"\ud800A"`, 6],
  [String.raw`{"\u00e9":"\ud83d\ude00"}`, 13],
])("in %s a backslash belongs to one escape", (json, bytes) => {
  expect(unescapedBytes(json)).toBe(bytes);
});
