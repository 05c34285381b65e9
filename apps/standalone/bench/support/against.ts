import type { Line } from "@leftrail/testkit/bench";

/** A line that says its target, and where it is missed also what stands in its way, as far as that is known. */
export const against = (line: Line, target: number, why?: string): Line => ({
  ...line,
  what: `${line.what} (target ${target}${line.value > target ? missed(why) : ""})`,
});

const missed = (why: string | undefined): string => `, MISSED${why === undefined ? "" : `: ${why}`}`;
