import { expect, test } from "vitest";
import { builtInRules } from "./feature-rules.ts";
import { parseFeatureRules } from "./parse-feature-rules.ts";

const text = (rules: object) => JSON.stringify({ ...builtInRules, ...rules });

test("what is written is what is read", () => {
  expect(parseFeatureRules(text({}))).toEqual(builtInRules);
});

test("a product named __proto__ or constructor keeps its features", () => {
  const { products } = parseFeatureRules(
    '{"defaultEnabled":[],"internalOnly":[],"products":{"__proto__":["a"],"constructor":["b"]}}',
  );
  expect(Object.entries(products)).toEqual([
    ["__proto__", ["a"]],
    ["constructor", ["b"]],
  ]);
});

test.each([
  ["text that is not JSON", "{", /^FEATURES_FILE: is not JSON/],
  ["an array", "[]", /expected object/],
  ["a missing list", '{"defaultEnabled":[],"products":{}}', /"internalOnly"/],
  ["an unknown field", text({ extra: 1 }), /"extra"/],
  ["an unknown field named __proto__", `{"__proto__":1,${text({}).slice(1)}`, /"__proto__"/],
  ["an empty name", text({ defaultEnabled: ["a", ""] }), /"defaultEnabled" → 1/],
  ["a name of 129 characters", text({ internalOnly: ["x".repeat(129)] }), /"internalOnly" → 0/],
  ["half of a surrogate pair", text({ internalOnly: ["\ud83d"] }), /"internalOnly" → 0/],
  ["products that are a list", text({ products: [] }), /"products": must be an object/],
  ["a product whose features are no list", text({ products: { p: "a" } }), /"products" → "p"/],
  ["a product's name that is a number", text({ products: { p: ["a", 1] } }), /"products" → "p" → 1/],
  ["a product without a name", text({ products: { "": [] } }), /"products" → ""/],
  ["a product's name that is too long", text({ products: { ["x".repeat(201)]: [] } }), /"products" → "x+"/],
])("%s is refused, and the error says where", (_, content, message) => {
  expect(() => parseFeatureRules(content)).toThrow(message);
});

test("everything that is wrong is told at once", () => {
  expect(() => parseFeatureRules(text({ defaultEnabled: [1], internalOnly: [2] }))).toThrow(
    /"defaultEnabled" → 0.*"internalOnly" → 0/,
  );
});
