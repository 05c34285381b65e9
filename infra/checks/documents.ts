import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Markdown, readMarkdown } from "./markdown.ts";

/** A document of the repository, by its path from the root. */
export interface Document extends Markdown {
  readonly path: string;
}

const documentGlobs = ["README.md", "docs/**/*.md", "packages/*/README.md", "apps/*/README.md"];

export function readDocuments(root: string): readonly Document[] {
  return globSync(documentGlobs, { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted()
    .map((path) => ({ path, ...readMarkdown(readFileSync(join(root, path), "utf8")) }));
}
