import { constraintProblem, type ConstraintName } from "../constraints.ts";

/** Does what the schema does in Postgres. */
export function refuseIf(broken: boolean, constraint: ConstraintName): void {
  if (broken) throw constraintProblem(constraint);
}

export const some = <T>(table: ReadonlyMap<string, T>, test: (row: T) => boolean): boolean =>
  [...table.values()].some(test);
