import { afterAll, beforeAll, describe, inject } from "vitest";
import { memoryHarness, postgresHarness, type StoreHarness } from "./harness.ts";

const engines = {
  memory: () => memoryHarness(),
  postgres: () => postgresHarness(inject("postgres")),
};

/** Runs one suite on every engine; `harness()` is that engine's, made anew for this suite. */
export function eachStore(title: string, suite: (harness: () => StoreHarness) => void): void {
  describe.each(Object.entries(engines))(`${title} (%s)`, (_engine, open) => {
    let harness: StoreHarness | undefined;
    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness?.[Symbol.asyncDispose]());
    suite(() => {
      if (harness === undefined) throw new Error("the harness is there only while tests run");
      return harness;
    });
  });
}
