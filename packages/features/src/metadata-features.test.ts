import { expect, test } from "vitest";
import { metadataFeatures, metadataFeaturesCharsMax } from "./metadata-features.ts";

test("a list of exactly the longest length is read, one character more is malformed", () => {
  const padded = (length: number) => ({ features: `["a"]${" ".repeat(length - 5)}` });
  expect(metadataFeatures(padded(metadataFeaturesCharsMax))).toEqual(["a"]);
  expect(metadataFeatures(padded(metadataFeaturesCharsMax + 1))).toBeNull();
});

test("deep nesting is malformed, not an exception", () => {
  expect(metadataFeatures({ features: "[".repeat(8_000) + "]".repeat(8_000) })).toBeNull();
});

test("an inherited field is no field", () => {
  expect(metadataFeatures(Object.create({ features: '["a"]' }))).toEqual([]);
});
