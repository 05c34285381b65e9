type Wrap = <A extends unknown[], R>(method: (...args: A) => Promise<R>) => (...args: A) => Promise<R>;

/** Wraps every method of every group, also those that are added later; names and types stay. */
export function mapMethods<G extends object>(groups: G, wrap: Wrap): G {
  const entries = Object.entries(groups).map(([group, methods]: [string, Record<string, never>]) => [
    group,
    Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, wrap(method)])),
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries forgets names and types
  return Object.fromEntries(entries) as G;
}
