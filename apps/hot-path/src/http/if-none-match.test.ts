import { expect, test } from "vitest";
import { isMatch } from "./if-none-match.ts";

const etag = '"jGXWq2nPq3lD5cW1k0o3Zg"';

test.each([
  etag,
  `W/${etag}`,
  "*",
  `"other", ${etag}`,
  `"other",${etag}`,
  `"other" ,\t W/${etag} `,
  `${etag}, "other"`,
  `, ,${etag},`,
  `"with, a comma", ${etag}`,
  `unquoted, W/"x, "", ${etag}`,
])("%s matches", (condition) => {
  expect(isMatch(condition, etag)).toBe(true);
});

test.each([
  "",
  '"other"',
  'W/"other"',
  "jGXWq2nPq3lD5cW1k0o3Zg",
  `w/${etag}`,
  `W/ ${etag}`,
  `W/W/${etag}`,
  `"other", *`,
  `${etag}x`,
  `${etag} ${etag}`,
  `\u00a0${etag}`,
  `"${etag}"`,
  etag.toLowerCase(),
])("%j does not", (condition) => {
  expect(isMatch(condition, etag)).toBe(false);
});
