import { eachStore, type StoreHarness } from "@leftrail/store/testing";
import { afterAll, beforeAll } from "vitest";
import { callApp, type AppSetup, type CalledApp } from "./call-app.ts";

/** Runs one suite against the control plane on every store. */
export function eachApp(
  title: string,
  suite: (app: () => CalledApp & { harness: StoreHarness }) => void,
  setup: AppSetup = {},
): void {
  eachStore(title, (harness) => {
    let app: CalledApp | undefined;
    beforeAll(async () => {
      app = await callApp(harness(), setup);
    });
    afterAll(() => app?.[Symbol.asyncDispose]());
    suite(() => {
      if (app === undefined) throw new Error("the app is there only while tests run");
      return { ...app, harness: harness() };
    });
  });
}
