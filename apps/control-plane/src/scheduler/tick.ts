/** One beat of the scheduler's clock, the same for whoever computes it. */
export interface Tick {
  readonly data: { readonly tick: number; readonly at: string; readonly nextAt: string };
  /** Makes it one event, however many publish it. */
  readonly eventKey: string;
}

/** The tick that is due at a moment, in milliseconds since 1970; ticks of a period are numbered from there. */
export function tickAt(nowMs: number, periodSeconds: number): Tick {
  const periodMs = periodSeconds * 1000;
  const tick = Math.floor(nowMs / periodMs);
  const momentOf = (number: number) => new Date(number * periodMs).toISOString();
  return {
    data: { tick, at: momentOf(tick), nextAt: momentOf(tick + 1) },
    eventKey: `tick:${periodSeconds}:${tick}`,
  };
}
