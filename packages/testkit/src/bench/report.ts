import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../../../.leftrail/bench");

/** The value below which the share of the samples lies; NaN of none. */
export function quantile(samples: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(samples).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export interface Line {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** Prints a table and keeps it as JSON below `.leftrail/bench`. */
export function report(name: string, lines: readonly Line[]): void {
  const widest = Math.max(...lines.map(({ what }) => what.length));
  for (const { what, value, unit } of lines) {
    console.log(`  ${what.padEnd(widest)}  ${formatted(value).padStart(10)} ${unit}`);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ name, lines }, null, 2)}\n`);
}

const formatted = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
