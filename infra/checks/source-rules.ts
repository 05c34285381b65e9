import { posix } from "node:path";
import { refusal } from "./may-use.ts";
import type { Violation } from "./violation.ts";
import type { Member, Source, Workspace } from "./workspace.ts";

type Rule = (workspace: Workspace) => readonly Violation[];

/** What sources import of the workspace: allowed, and declared. */
export const importedUses: Rule = eachImport((specifier, { user, source, members }) => {
  const used = memberOf(specifier, members);
  if (used === user) return null;
  if (used === undefined) {
    return specifier.startsWith("@leftrail/")
      ? { what: `imports ${specifier}`, why: "there is no such package" }
      : null;
  }
  const why = refusal({ user, used, forTests: source.isTest });
  if (why !== null) return { what: `imports ${specifier}`, why };
  const declared = source.isTest ? [...user.dependencies, ...user.devDependencies] : user.dependencies;
  return declared.includes(`@leftrail/${used.folder}`)
    ? null
    : { what: `imports ${specifier}`, why: `${user.path}/package.json does not declare it` };
});

export const deepImports: Rule = eachImport((specifier, { members }) => {
  const used = memberOf(specifier, members);
  if (used === undefined) return null;
  const subpath = specifier.replace(`@leftrail/${used.folder}`, ".");
  const open = [...used.exports.keys()].some((key) => posix.matchesGlob(subpath, key));
  return open ? null : { what: `imports ${specifier}`, why: `${used.path} does not export "${subpath}"` };
});

export const relativeImports: Rule = eachImport((specifier, { user, source }) => {
  if (!/^\.{1,2}(?:\/|$)/.test(specifier)) return null;
  const target = posix.join(posix.dirname(source.path), specifier);
  return target.startsWith(`${user.path}/`)
    ? null
    : { what: `imports ${specifier}, outside of ${user.path}`, why: "packages are imported by name" };
});

export const typescriptOnly: Rule = ({ members }) =>
  members
    .flatMap(({ sources }) => sources)
    .filter(({ path }) => /\.[cm]?jsx?$/.test(path))
    .map(({ path }) => ({ path, what: "is not TypeScript", why: "Node runs .ts as it is" }));

interface Where {
  readonly user: Member;
  readonly source: Source;
  readonly members: readonly Member[];
}

function eachImport(check: (specifier: string, where: Where) => Omit<Violation, "path"> | null): Rule {
  return ({ members }) =>
    members.flatMap((user) =>
      user.sources.flatMap((source) =>
        source.specifiers.flatMap((specifier) => {
          const problem = check(specifier, { user, source, members });
          return problem === null ? [] : [{ path: source.path, ...problem }];
        }),
      ),
    );
}

function memberOf(specifier: string, members: readonly Member[]): Member | undefined {
  const [scope, folder] = specifier.split("/");
  return scope === "@leftrail" ? members.find((member) => member.folder === folder) : undefined;
}
