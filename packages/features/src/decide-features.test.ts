import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decideFeatures } from "./decide-features.ts";
import type { Decision, DecisionInput } from "./types.ts";

// Read as text: a bundler turns an imported JSON file into source, where the key `__proto__` is no key.
const folder = new URL("../cases/", import.meta.url);

interface CaseFile {
  readonly about: string;
  /** What a case's input does not say. */
  readonly defaults: DecisionInput;
  readonly cases: readonly {
    readonly name: string;
    readonly input: Partial<DecisionInput>;
    readonly enabled: readonly string[];
    readonly decisions?: Readonly<Record<string, Decision>>;
    readonly malformedMetadata?: readonly string[];
  }[];
}

for (const file of readdirSync(folder)) {
  const { defaults, cases }: CaseFile = JSON.parse(readFileSync(new URL(file, folder), "utf8"));

  describe(file, () => {
    test.each(cases)("$name", ({ input, enabled, decisions, malformedMetadata }) => {
      const decided = decideFeatures({ ...defaults, ...input });

      expect(decided.enabled).toEqual(enabled);
      if (decisions !== undefined) expect([...decided.decisions]).toEqual(Object.entries(decisions));
      expect(decided.malformedMetadata).toEqual(malformedMetadata ?? []);
    });

    test("no two cases share a name", () => {
      expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    });
  });
}
