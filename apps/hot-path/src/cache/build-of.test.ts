import { builtInRules } from "@leftrail/features";
import { expect, test } from "vitest";
import { buildOf } from "./build-of.ts";

test("the same rules are the same build, whatever the order in which their products are named", () => {
  const products = Object.fromEntries(Object.entries(builtInRules.products).toReversed());
  expect(buildOf({ ...builtInRules, products })).toBe(buildOf(builtInRules));
});

test("other rules are another build", () => {
  const builds = [
    builtInRules,
    { ...builtInRules, defaultEnabled: ["activity"] },
    { ...builtInRules, internalOnly: [] },
    { ...builtInRules, products: {} },
  ].map(buildOf);
  expect(new Set(builds).size).toBe(builds.length);
});
