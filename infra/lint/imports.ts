import { importBans } from "./import-bans.ts";
import { matchesAny, pathOf, type Rule } from "./rule.ts";

/** Refuses what `import-bans.ts` bans, in every form of import, types included. */
export const imports: Rule = {
  create(context) {
    const path = pathOf(context);
    const bans = importBans.filter(
      ({ in: globs, except = [] }) => matchesAny(path, globs) && !matchesAny(path, except),
    );

    const check = ({ source }: { readonly source: ModuleSource | null }) => {
      if (source === null || typeof source.value !== "string") return;
      const specifier = source.value;
      const ban = bans.find(({ modules }) => modules.some((module) => covers(module, specifier)));
      if (ban !== undefined) {
        context.report({ node: source, message: `'${specifier}' may not be imported here: ${ban.why}` });
      }
    };

    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

/** An expression in `import(…)`, a string literal elsewhere. */
interface ModuleSource {
  readonly value?: unknown;
}

function covers(module: string, specifier: string): boolean {
  return module.endsWith(":")
    ? specifier.startsWith(module)
    : specifier === module || specifier.startsWith(`${module}/`);
}
