/** How often something may happen: a burst at once, then a steady rate. */
export interface Allowance {
  /** Takes one when there is one. */
  take(): boolean;
  /** How long until there is one again; 0 when there is one. */
  waitMs(): number;
}

export function createAllowance({
  burst,
  perSecond,
  clock,
}: {
  readonly burst: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly clock: () => number;
}): Allowance {
  let left = burst;
  let countedAtMs = clock();
  const refill = (): void => {
    const nowMs = clock();
    left = Math.min(burst, left + ((nowMs - countedAtMs) / 1000) * perSecond);
    countedAtMs = nowMs;
  };
  return {
    take() {
      refill();
      if (left < 1) return false;
      left--;
      return true;
    },
    waitMs() {
      refill();
      return left < 1 ? Math.ceil(((1 - left) / perSecond) * 1000) : 0;
    },
  };
}
