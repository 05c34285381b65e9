import type { TestAuth } from "@leftrail/auth/testing";
import { createInProcessChanges, createRelay, type Relay } from "@leftrail/changes";
import type { Deps as ControlPlaneDeps } from "@leftrail/control-plane/deps";
import { announceChanges } from "@leftrail/control-plane/announce-changes";
import { startKeyServices } from "@leftrail/control-plane/key-services";
import { builtInRules } from "@leftrail/features";
import type { Deps as HotPathDeps } from "@leftrail/hot-path/deps";
import { startInProcessCache } from "@leftrail/hot-path/in-process-cache";
import { startInProcessStreaming } from "@leftrail/hot-path/in-process-streaming";
import { defaultStreamSettings } from "@leftrail/hot-path/stream-settings";
import { clientAddress, createLogger, createMetrics } from "@leftrail/service";
import type { StoreHarness } from "@leftrail/store/testing";
import { BlockList } from "node:net";

/** What both apps live on, over one store of a test, with the relay that tells the cache: it passes when asked to. */
export function depsFor(
  { store, auditKeys }: StoreHarness,
  { verifier }: TestAuth,
): ControlPlaneDeps & HotPathDeps & { readonly relay: Relay } {
  const metrics = createMetrics();
  const { registry } = metrics;
  const logger = createLogger({ level: "silent", name: "test" });
  const clock = () => performance.now();
  const changes = createInProcessChanges(clock);
  const streaming = startInProcessStreaming({ settings: defaultStreamSettings(), registry });
  const events = streaming.publisher;
  const chores = [announceChanges({ events, clock: Date.now, logger })];
  const { cache, userChanges } = startInProcessCache({ store, changes, registry, logger, clock });
  return {
    relay: createRelay({ outbox: store.outbox, bus: changes.bus, clock, chores }),
    cache,
    userChanges,
    streaming,
    events,
    corsOrigins: [],
    store,
    verifier,
    rules: builtInRules,
    keyRing: auditKeys,
    // Its uses are never written: nobody ticks.
    keys: startKeyServices({
      store,
      keyRing: auditKeys,
      redis: undefined,
      registry,
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
