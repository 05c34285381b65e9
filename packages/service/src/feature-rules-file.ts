import { readFile } from "node:fs/promises";
import { builtInRules, parseFeatureRules, type FeatureRules } from "@leftrail/features";
import { StartError } from "./run-main.ts";

/** The rules of FEATURES_FILE, or the built-in ones. Throws StartError naming the setting. */
export async function loadFeatureRules(path: string | undefined): Promise<FeatureRules> {
  if (path === undefined) return builtInRules;
  const text = await readFile(path, "utf8").catch(() => {
    throw new StartError(`FEATURES_FILE names ${path}, which can't be read.`);
  });
  try {
    return parseFeatureRules(text);
  } catch (error) {
    throw new StartError(
      `${error instanceof Error ? error.message : "FEATURES_FILE is not valid"} (in ${path})`,
    );
  }
}
