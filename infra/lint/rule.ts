import { matchesGlob, relative, sep } from "node:path";

/** As much of the linter's plugin interface as the house rules use. */
export interface Rule {
  readonly create: (context: RuleContext) => Readonly<Record<string, (node: never) => void>>;
}

export interface RuleContext {
  readonly cwd: string;
  readonly filename: string;
  readonly report: (problem: { readonly node: object; readonly message: string }) => void;
}

/** The linted file's path from the repository's root, with forward slashes. */
export function pathOf({ cwd, filename }: RuleContext): string {
  return relative(cwd, filename).replaceAll(sep, "/");
}

export function matchesAny(path: string, globs: readonly string[]): boolean {
  return globs.some((glob) => matchesGlob(path, glob));
}
