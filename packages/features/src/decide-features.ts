import type { OverrideEffect, OverrideTargetType } from "@leftrail/contract";
import { collectFacts, type Facts } from "./facts.ts";
import type { Decision, DecisionInput, FeatureDecisions } from "./types.ts";

/**
 * Which features are on for one caller in one tenant: for each feature the first
 * rule in `precedence` that speaks decides. Never throws, whatever the rows hold.
 */
export function decideFeatures(input: DecisionInput): FeatureDecisions {
  if (input.tenantStatus !== "active") return { enabled: [], decisions: new Map(), malformedMetadata: [] };

  const facts = collectFacts(input);
  const spoken = new Map<string, Decision>();
  for (const rule of precedence) {
    for (const [feature, decision] of rule(facts)) {
      if (!spoken.has(feature)) spoken.set(feature, decision);
    }
  }

  const decisions = new Map([...spoken].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const enabled = [...decisions].filter(([, { enabled: on }]) => on).map(([feature]) => feature);
  return { enabled, decisions, malformedMetadata: facts.malformedMetadata };
}

type Verdict = readonly [feature: string, decision: Decision];

/** Says what it has to say about features; about the same one, the first verdict counts. */
type Rule = (facts: Facts) => readonly Verdict[];

const precedence: readonly Rule[] = [
  overridden("feature", "deny"),
  overridden("feature", "grant"),
  overridden("product", "deny"),
  overridden("product", "grant"),
  enabledByDefault,
  internalOnly,
  entitled,
];

function overridden(targetType: OverrideTargetType, effect: OverrideEffect): Rule {
  return ({ overrides }) =>
    overrides
      .filter(({ row }) => row.targetType === targetType && row.effect === effect)
      .flatMap(({ row, features }) =>
        features.map((feature): Verdict => [
          feature,
          { enabled: effect === "grant", rule: "override", source: { type: "override", id: row.id } },
        ]),
      );
}

function enabledByDefault({ rules }: Facts): readonly Verdict[] {
  return rules.defaultEnabled.map((feature) => [feature, { enabled: true, rule: "default", source: null }]);
}

function internalOnly({ rules, isInternal }: Facts): readonly Verdict[] {
  return rules.internalOnly.map((feature) => [
    feature,
    { enabled: isInternal, rule: "internal", source: null },
  ]);
}

function entitled({ entitlements }: Facts): readonly Verdict[] {
  return entitlements.flatMap(({ row, features }) =>
    features.map((feature): Verdict => [
      feature,
      { enabled: true, rule: "entitlement", source: { type: "entitlement", id: row.id } },
    ]),
  );
}
