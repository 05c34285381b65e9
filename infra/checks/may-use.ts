import { packagesMayUse, standalone, testkit } from "./boundary-table.ts";
import type { Member } from "./workspace.ts";

/** What is used, and whether by what ships or by tests only. */
export interface Use {
  readonly user: Member;
  readonly used: Member;
  readonly forTests: boolean;
}

/** The reason why this use is refused, or null. */
export function refusal({ user, used, forTests }: Use): string | null {
  if (used.kind === "app") return refusalOfApp(user);
  if (used.folder === testkit) return refusalOfTestkit(user, forTests);
  if (user.kind === "app" || user.folder === testkit) return null;
  const allowed = packagesMayUse.get(user.folder) ?? [];
  return allowed.includes(used.folder)
    ? null
    : `${user.folder} may use ${allowed.filter((folder) => folder !== user.folder).join(", ") || "nothing"}`;
}

function refusalOfApp(user: Member): string | null {
  if (user.kind === "package") return "packages know no app";
  return user.folder === standalone
    ? null
    : `apps share packages, not each other; only ${standalone} runs them all`;
}

function refusalOfTestkit(user: Member, forTests: boolean): string | null {
  if (forTests || (user.kind === "app" && user.folder === standalone)) return null;
  return `${testkit} is for tests: a devDependency, imported by tests only`;
}
