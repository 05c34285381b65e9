import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

/** The client's sources as a browser can run them, by their path below `src`. */
export function strippedSources(): ReadonlyMap<string, string> {
  const root = join(import.meta.dirname, "../src");
  return new Map(
    globSync("**/*.ts", { cwd: root, exclude: ["**/*.test.ts"] }).map((path) => [
      path,
      stripTypeScriptTypes(readFileSync(join(root, path), "utf8")),
    ]),
  );
}
