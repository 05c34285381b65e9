import type { TestUser } from "@leftrail/auth/testing";
import { waitUntil, type ServiceProcess } from "@leftrail/testkit";
import { expect } from "vitest";
import type { Fleet, FleetAnswer } from "./fleet.ts";

/** How old an answer may be, by the contract. */
export const freshWithinMs = 1_000;

export interface SeenAnswer extends FleetAnswer {
  readonly hotPath: ServiceProcess;
}

/** Asks every hot path again and again, `perSecond` in all, until it is stopped. */
export function askSteadily(fleet: Fleet, path: string, as: TestUser, perSecond: number) {
  const answers: Promise<SeenAnswer>[] = [];
  const ask = (): void => {
    for (const hotPath of fleet.hotPaths) {
      answers.push(fleet.get(hotPath, path, as).then((answer) => ({ hotPath, ...answer })));
    }
  };
  const timer = setInterval(ask, (1_000 * fleet.hotPaths.length) / perSecond);
  return {
    count: () => answers.length,
    async stop(): Promise<readonly SeenAnswer[]> {
      clearInterval(timer);
      return Promise.all(answers);
    },
  };
}

/**
 * Resolves when every hot path has answered from its process, so that there is something to invalidate,
 * and nothing that was committed before is still on its way.
 */
export async function warm(fleet: Fleet, path: string, as: TestUser): Promise<void> {
  await waitUntil(async () => (await fleet.sql`select 1 from change_outbox`).length === 0, {
    what: "the outbox to be relayed",
  });
  await Promise.all(fleet.hotPaths.map((hotPath) => fleet.untilTier(hotPath, path, as, "l1")));
}

/** Call it right after a commit: no request begun a second later gets anything but the new answer. */
export async function expectFresh(
  fleet: Fleet,
  path: string,
  as: TestUser,
  expected: { readonly status: number; readonly body?: unknown },
): Promise<void> {
  const committedMs = performance.now();
  await waitUntil(() => performance.now() > committedMs + freshWithinMs, { what: "a second to pass" });
  for (const hotPath of fleet.hotPaths) {
    expect(await fleet.get(hotPath, path, as)).toMatchObject(expected);
  }
}
