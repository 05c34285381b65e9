import { expect, test } from "vitest";
import { featuresOfProduct } from "./facts.ts";

const rules = { defaultEnabled: [], internalOnly: [], products: { p: ["b", "a"] } };

test("a product gives what the map and its metadata name, once each, sorted", () => {
  const stripeProduct = { id: "s", metadata: { features: '["c","a"]' } };
  expect(featuresOfProduct(rules, "p", stripeProduct)).toEqual(["a", "b", "c"]);
  expect(featuresOfProduct(rules, "p", null)).toEqual(["a", "b"]);
  expect(featuresOfProduct(rules, "unknown", null)).toEqual([]);
});

test("metadata that can't be read adds nothing", () => {
  expect(featuresOfProduct(rules, "p", { id: "s", metadata: { features: "[" } })).toEqual(["a", "b"]);
});
