import { keptOut, packagesMayUse, testkit } from "./boundary-table.ts";
import { refusal } from "./may-use.ts";
import type { Violation } from "./violation.ts";
import { exists, type Member, type Workspace } from "./workspace.ts";

type Rule = (workspace: Workspace) => readonly Violation[];

const manifest = (member: Member): string => `${member.path}/package.json`;

export const listedMembers: Rule = ({ members }) =>
  members.flatMap((member) => {
    const violations: Violation[] = [];
    if (member.name !== `@leftrail/${member.folder}`) {
      const what = `is named ${JSON.stringify(member.name)}, not @leftrail/${member.folder}`;
      violations.push({ path: manifest(member), what, why: "imports are checked by folder name" });
    }
    if (member.kind === "package" && member.folder !== testkit && !packagesMayUse.has(member.folder)) {
      const what = "stands in no layer";
      violations.push({ path: manifest(member), what, why: "list it in infra/checks/boundary-table.ts" });
    }
    return violations;
  });

export const readmes: Rule = ({ root, members }) =>
  members
    .filter((member) => member.kind === "package" && !exists(root, `${member.path}/README.md`))
    .map(({ path }) => ({
      path,
      what: "has no README.md",
      why: "ten lines say what it is for, its entry point and what it never does",
    }));

export const exportTargets: Rule = ({ root, members }) =>
  members.flatMap((member) =>
    [...member.exports].flatMap(([subpath, targets]) =>
      targets
        .filter((target) => !target.includes("*") && !exists(root, `${member.path}/${target}`))
        .map((target) => ({
          path: manifest(member),
          what: `exports "${subpath}" as ${target}, which does not exist`,
          why: "whoever imports it fails",
        })),
    ),
  );

/** What package.json files declare, whether or not it is imported. */
export const declaredUses: Rule = ({ members }) =>
  members.flatMap((user) =>
    ([false, true] as const).flatMap((forTests) =>
      (forTests ? user.devDependencies : user.dependencies).flatMap((name) => {
        const used = members.find((member) => `@leftrail/${member.folder}` === name);
        const why = used === undefined ? null : refusal({ user, used, forTests });
        return why === null ? [] : [{ path: manifest(user), what: `depends on ${name}`, why }];
      }),
    ),
  );

export const keptOutModules: Rule = ({ members }) =>
  keptOut.flatMap(({ app, modules, why }) => {
    const start = members.find((member) => member.kind === "app" && member.folder === app);
    if (start === undefined) return [];
    return [...reach(start, members)].flatMap(([member, way]) =>
      member.dependencies
        .filter((name) => modules.includes(name))
        .map((name) => ({ path: manifest(start), what: `reaches ${[...way, name].join(" → ")}`, why })),
    );
  });

/** Cycles among what ships; a package and the testkit may need each other for tests. */
export const cycles: Rule = ({ members }) =>
  members.flatMap((member) =>
    [...reach(member, members)]
      .filter(([other]) => other.dependencies.includes(`@leftrail/${member.folder}`))
      .map(([, way]) => ({
        path: manifest(member),
        what: `depends on itself: ${[...way, `@leftrail/${member.folder}`].join(" → ")}`,
        why: "layers have a direction",
      })),
  );

/** Every member that one needs at run time, itself included, each with the way to it. */
function reach(start: Member, members: readonly Member[]): ReadonlyMap<Member, readonly string[]> {
  const ways = new Map<Member, readonly string[]>([[start, [`@leftrail/${start.folder}`]]]);
  for (const [member, way] of ways) {
    for (const name of member.dependencies) {
      const next = members.find(({ folder }) => `@leftrail/${folder}` === name);
      if (next !== undefined && !ways.has(next)) ways.set(next, [...way, name]);
    }
  }
  return ways;
}
