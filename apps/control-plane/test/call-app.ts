import { callOf, startTestAuth, type Call, type TestUser } from "@leftrail/auth/testing";
import { builtInRules } from "@leftrail/features";
import { clientAddress, createLogger, createMetrics } from "@leftrail/service";
import { conformanceTo } from "@leftrail/service/testing";
import type { StoreHarness } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { BlockList } from "node:net";
import { createApp } from "../src/app.ts";

const conforms = conformanceTo(new URL("../../../openapi/control-plane.yaml", import.meta.url));

/** The control plane over one store, called as its server would call it. */
export interface CalledApp extends AsyncDisposable {
  readonly call: Call;
  readonly logged: readonly string[];
}

export async function callApp({
  store,
  auditKeys,
}: Pick<StoreHarness, "store" | "auditKeys">): Promise<CalledApp> {
  const auth = await startTestAuth();
  const logged: string[] = [];
  const app = createApp({
    store,
    verifier: auth.verifier,
    rules: builtInRules,
    keyRing: auditKeys,
    clientAddress: clientAddress(new BlockList()),
    logger: createLogger({
      level: "debug",
      name: "test",
      destination: { write: (line) => void logged.push(line) },
    }),
    metrics: createMetrics(),
    isDraining: () => false,
  });
  return {
    logged,
    call: callOf(app, auth, conforms),
    [Symbol.asyncDispose]: () => auth[Symbol.asyncDispose](),
  };
}

export const platformAdmin: TestUser = { userId: randomUUID(), roles: ["platform-admin"] };
export const newSlug = (): string => `s-${randomUUID()}`;
