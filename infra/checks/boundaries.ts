import { join } from "node:path";
import {
  cycles,
  declaredUses,
  exportTargets,
  keptOutModules,
  listedMembers,
  readmes,
} from "./manifest-rules.ts";
import { deepImports, importedUses, relativeImports, typescriptOnly } from "./source-rules.ts";
import { describeViolation, type Violation } from "./violation.ts";
import { readWorkspace, type Workspace } from "./workspace.ts";

/** Who may import whom, and what every package has. The table is `boundary-table.ts`. */
export function findBoundaryViolations(workspace: Workspace): readonly Violation[] {
  return rules.flatMap((rule) => rule(workspace));
}

const rules: readonly ((workspace: Workspace) => readonly Violation[])[] = [
  listedMembers,
  readmes,
  exportTargets,
  declaredUses,
  importedUses,
  deepImports,
  relativeImports,
  typescriptOnly,
  keptOutModules,
  cycles,
];

function main(): void {
  const workspace = readWorkspace(join(import.meta.dirname, "../.."));
  const violations = findBoundaryViolations(workspace);
  for (const violation of violations) console.error(describeViolation(violation));
  if (violations.length > 0) process.exitCode = 1;
  else console.log(`boundaries: ${workspace.members.flatMap(({ sources }) => sources).length} files, ok`);
}

if (import.meta.main) main();
