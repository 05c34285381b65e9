import type { TestAuth } from "@leftrail/auth/testing";
import type { Deps } from "@leftrail/control-plane/deps";
import { startKeyServices } from "@leftrail/control-plane/key-services";
import { builtInRules } from "@leftrail/features";
import { clientAddress, createLogger, createMetrics } from "@leftrail/service";
import type { StoreHarness } from "@leftrail/store/testing";
import { BlockList } from "node:net";

/** What both apps live on, over one store of a test. */
export function depsFor({ store, auditKeys }: StoreHarness, { verifier }: TestAuth): Deps {
  const metrics = createMetrics();
  const logger = createLogger({ level: "silent", name: "test" });
  return {
    store,
    verifier,
    rules: builtInRules,
    keyRing: auditKeys,
    // Its uses are never written: nobody ticks.
    keys: startKeyServices({
      store,
      keyRing: auditKeys,
      redis: undefined,
      registry: metrics.registry,
      logger,
      every: () => ({ [Symbol.dispose]: () => undefined }),
    }),
    internalTokens: [internalToken],
    clientAddress: clientAddress(new BlockList()),
    logger,
    metrics,
    isDraining: () => false,
  };
}

/** What opens `/v1/internal/*` over these. */
export const internalToken = "internal-token-of-the-tests-0123456789";
