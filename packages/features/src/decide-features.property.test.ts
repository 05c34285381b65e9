import fc from "fast-check";
import { expect, test } from "vitest";
import { decideFeatures } from "./decide-features.ts";
import type { DecisionInput, EntitlementInForce, LiveOverride, StripeProduct } from "./types.ts";

// Few names, so that rules meet on the same feature nearly always.
const featureNames = ["a", "B", "é", "\uFF5E", "\u{1F600}", "__proto__", "constructor", "p"];
const feature = fc.constantFrom(...featureNames);
const features = fc.array(feature, { maxLength: 4 });
const product = fc.constantFrom("p", "a", "__proto__", "constructor");
const id = fc.constantFrom("1", "2", "3", "10");

const stripeProduct: fc.Arbitrary<StripeProduct | null> = fc.option(
  fc.record({
    id: fc.constantFrom("prod_1", "prod_2"),
    metadata: fc.oneof(
      features.map((names) => ({ features: JSON.stringify(names) })),
      fc.constantFrom(null, {}, { features: "broken" }, { features: '["a",1]' }, { features: ["a"] }),
    ),
  }),
);

const override: fc.Arbitrary<LiveOverride> = fc.record({
  id,
  targetType: fc.constantFrom("feature", "product"),
  target: fc.oneof(feature, product),
  effect: fc.constantFrom("grant", "deny"),
  stripeProduct,
});
const entitlement: fc.Arbitrary<EntitlementInForce> = fc.record({ id, product, stripeProduct });

const input: fc.Arbitrary<DecisionInput> = fc.record({
  tenantStatus: fc.constantFrom("active", "active", "active", "pending", "cancelled"),
  isInternal: fc.boolean(),
  overrides: fc.array(override, { maxLength: 5 }),
  entitlements: fc.array(entitlement, { maxLength: 4 }),
  rules: fc.record({
    defaultEnabled: fc.array(feature, { maxLength: 2 }),
    internalOnly: fc.array(feature, { maxLength: 2 }),
    products: fc.dictionary(product, features),
  }),
});

/** The contract's five rules for one feature, written down a second time and in another way. */
function isOn(of: DecisionInput, name: string): boolean {
  if (of.tenantStatus !== "active") return false;
  const effects = (targetType: string) =>
    of.overrides
      .filter((row) => row.targetType === targetType)
      .filter((row) =>
        targetType === "feature" ? row.target === name : gives(of, row.target, row.stripeProduct, name),
      )
      .map((row) => row.effect);
  for (const level of [effects("feature"), effects("product")]) {
    if (level.length > 0) return !level.includes("deny");
  }
  if (of.rules.defaultEnabled.includes(name)) return true;
  if (of.rules.internalOnly.includes(name)) return of.isInternal;
  return of.entitlements.some((row) => gives(of, row.product, row.stripeProduct, name));
}

function gives(of: DecisionInput, key: string, stripe: StripeProduct | null, name: string): boolean {
  const mapped = new Map(Object.entries(of.rules.products)).get(key) ?? [];
  return mapped.includes(name) || wellFormedNames(stripe?.metadata).includes(name);
}

function wellFormedNames(metadata: unknown): readonly unknown[] {
  try {
    const names = JSON.parse((metadata as { features: string }).features);
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : [];
  } catch {
    return [];
  }
}

test("an independent reading of the rules agrees on every feature", () => {
  fc.assert(
    fc.property(input, (given) => {
      const expected = featureNames.filter((name) => isOn(given, name)).toSorted();
      expect(decideFeatures(given).enabled).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("the order of rows and lists does not matter, nor to the sources named", () => {
  const withShuffles = input.chain((given) =>
    fc.record({
      given: fc.constant(given),
      overrides: shuffled(given.overrides),
      entitlements: shuffled(given.entitlements),
      defaultEnabled: shuffled(given.rules.defaultEnabled),
      internalOnly: shuffled(given.rules.internalOnly),
    }),
  );
  fc.assert(
    fc.property(withShuffles, ({ given, overrides, entitlements, ...lists }) => {
      const other = { ...given, overrides, entitlements, rules: { ...given.rules, ...lists } };
      const [one, two] = [decideFeatures(given), decideFeatures(other)];
      expect({ ...two, decisions: [...two.decisions] }).toEqual({ ...one, decisions: [...one.decisions] });
    }),
  );
});

test("lists have no duplicates, are sorted, and hold exactly what the decisions turned on", () => {
  fc.assert(
    fc.property(input, (given) => {
      const { enabled, decisions, malformedMetadata } = decideFeatures(given);
      expect(enabled).toEqual([...new Set(enabled)].toSorted());
      expect(malformedMetadata).toEqual([...new Set(malformedMetadata)].toSorted());
      expect(enabled).toEqual([...decisions].filter(([, { enabled: on }]) => on).map(([name]) => name));
    }),
  );
});

const shuffled = <T>(list: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length });
