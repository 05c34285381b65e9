import { expect, test } from "vitest";
import { backoffDelayMs } from "./backoff.ts";
import { backoffBaseMs, backoffMaxMs, retryAfterMaxSeconds, steadyAfterMs } from "./limits.ts";

const waits = (random: number) =>
  [0, 1, 2, 3, 10, 2_000].map((attempt) => backoffDelayMs({ attempt, random: () => random }));

test("waits double up to the longest, and chance takes up to half of each", () => {
  const full = [
    backoffBaseMs,
    backoffBaseMs * 2,
    backoffBaseMs * 4,
    backoffBaseMs * 8,
    backoffMaxMs,
    backoffMaxMs,
  ];
  expect(waits(0)).toEqual(full.map((ms) => ms / 2));
  expect(waits(0.5)).toEqual(full.map((ms) => ms * 0.75));
});

test("no wait is shorter than the server asked for, within bounds, and those who were told the same come apart", () => {
  const wait = (random: number, retryAfterSeconds: number) =>
    backoffDelayMs({ attempt: 0, random: () => random, retryAfterSeconds });
  expect(wait(0, 5)).toBe(5_000 + backoffBaseMs / 2);
  expect(wait(0.5, 5)).toBeGreaterThan(wait(0, 5));
  expect(wait(0, 86_400)).toBe(retryAfterMaxSeconds * 1_000 + backoffBaseMs / 2);
});

test("a stream that fails again within the longest wait has not been steady", () => {
  expect(steadyAfterMs).toBeGreaterThan(backoffMaxMs);
});
