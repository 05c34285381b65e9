/** Lets a number of pieces of work run at once; the others wait for their turn, in order. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

export function createGate(runningMax: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= runningMax) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // Its place goes to the next one.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
