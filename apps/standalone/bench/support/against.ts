import type { Line } from "@leftrail/testkit/bench";

/** A line that says its target, and where it is missed also what stands in its way. */
export const against = (line: Line, target: number, why: string): Line => ({
  ...line,
  what: `${line.what} (target ${target}${line.value > target ? `, MISSED: ${why}` : ""})`,
});
