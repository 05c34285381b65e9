import { quantile } from "./report.ts";

/** What candidates measured in the same rounds. */
export interface Interleaved<Name extends string> {
  /** The median over all rounds. */
  typical(name: Name): number;
  /** The median of the rounds' own ratios: the machine's pace changes, but less within a round. */
  ratio(name: Name, base: Name): number;
}

/**
 * Measures candidates in turn, every other round backwards, so that none always comes first.
 * A round that does not count goes before, to warm up.
 */
export async function interleave<Name extends string>(
  rounds: number,
  candidates: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Interleaved<Name>> {
  const names = namesOf(candidates);
  const measured: ReadonlyMap<Name, number>[] = [];
  for (let round = 0; round <= rounds; round++) {
    const values = new Map<Name, number>();
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      values.set(name, await candidates[name]());
    }
    if (round > 0) measured.push(values);
  }
  const valueOf = (values: ReadonlyMap<Name, number>, name: Name): number => values.get(name) ?? Number.NaN;
  const medianOf = (of: (values: ReadonlyMap<Name, number>) => number): number =>
    quantile(measured.map(of), 0.5);
  return {
    typical: (name) => medianOf((values) => valueOf(values, name)),
    ratio: (name, base) => medianOf((values) => valueOf(values, name) / valueOf(values, base)),
  };
}

const namesOf = <Name extends string>(candidates: Readonly<Record<Name, unknown>>): Name[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the names
  Object.keys(candidates) as Name[];
