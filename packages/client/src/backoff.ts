import { backoffBaseMs, backoffMaxMs, retryAfterMaxSeconds } from "./limits.ts";

export interface BackoffInput {
  /** Failures before this one. */
  readonly attempt: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly retryAfterSeconds?: number | undefined;
}

/** How long to wait after a failure: doubling, jittered, and never shorter than the server asked for. */
export function backoffDelayMs({ attempt, random, retryAfterSeconds = 0 }: BackoffInput): number {
  const fullMs = Math.min(backoffMaxMs, backoffBaseMs * 2 ** attempt);
  const jitteredMs = fullMs * (0.5 + random() / 2);
  // On top of what was asked for, so that those who were told the same do not come together.
  return Math.min(retryAfterSeconds, retryAfterMaxSeconds) * 1_000 + jitteredMs;
}
