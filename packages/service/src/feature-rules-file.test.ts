import { builtInRules } from "@leftrail/features";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadFeatureRules } from "./feature-rules-file.ts";
import { StartError } from "./run-main.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "leftrail-rules-"));
});
afterAll(() => rm(dir, { recursive: true }));

const fileWith = async (text: string): Promise<string> => {
  const path = join(dir, "rules.json");
  await writeFile(path, text);
  return path;
};

test("without a file the built-in rules hold, with one only its own", async () => {
  expect(await loadFeatureRules(undefined)).toBe(builtInRules);
  const rules = { defaultEnabled: ["a"], internalOnly: ["b"], products: { p: ["c"] } };
  expect(await loadFeatureRules(await fileWith(JSON.stringify(rules)))).toEqual(rules);
});

test("a file that is missing, no JSON or of another shape stops the start, naming the setting and the file", async () => {
  const broken = [join(dir, "none.json"), await fileWith("{")];
  for (const path of broken) {
    const loading = loadFeatureRules(path);
    await expect(loading).rejects.toThrow(StartError);
    await expect(loading).rejects.toThrow(/FEATURES_FILE/);
    await expect(loading).rejects.toThrow(path);
  }
  await expect(loadFeatureRules(await fileWith('{"defaultEnabled":[]}'))).rejects.toThrow(/internalOnly/);
});
