import type { TestAuth } from "@leftrail/auth/testing";
import type { Deps } from "@leftrail/control-plane/deps";
import { builtInRules } from "@leftrail/features";
import { clientAddress, createLogger, createMetrics } from "@leftrail/service";
import type { StoreHarness } from "@leftrail/store/testing";
import { BlockList } from "node:net";

/** What both apps live on, over one store of a test. */
export const depsFor = ({ store, auditKeys }: StoreHarness, { verifier }: TestAuth): Deps => ({
  store,
  verifier,
  rules: builtInRules,
  keyRing: auditKeys,
  clientAddress: clientAddress(new BlockList()),
  logger: createLogger({ level: "silent", name: "test" }),
  metrics: createMetrics(),
  isDraining: () => false,
});
