import { randomBytes } from "node:crypto";
import { openVerifier, type TokenVerifier } from "@leftrail/auth";
import type { FeatureRules } from "@leftrail/features";
import { createLogger, createMetrics, loadFeatureRules, type Logger, type Metrics } from "@leftrail/service";
import {
  createKeyRing,
  openMemoryStore,
  openPostgresReadStore,
  seedDemoData,
  type ReadStore,
} from "@leftrail/store";
import type { Config } from "./config.ts";

/** All that the hot path lives on; made once, disposed of last. */
export interface Deps {
  readonly store: ReadStore;
  readonly verifier: TokenVerifier;
  readonly rules: FeatureRules;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
}

/** The only place where the hot path's clients are made. */
export async function createDeps(config: Config, isDraining: () => boolean): Promise<Deps & AsyncDisposable> {
  const logger = createLogger({ level: config.LOG_LEVEL, name: "hot-path" });
  const rules = await loadFeatureRules(config.FEATURES_FILE);
  await using starting = new AsyncDisposableStack();
  const store = starting.use(await openStore(config, logger));
  const verifier = starting.use(openVerifier(config, logger));
  const resources = starting.move();
  return {
    store,
    verifier,
    rules,
    logger,
    metrics: createMetrics(),
    isDraining,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openStore(config: Config, logger: Logger): Promise<ReadStore> {
  if (config.DATABASE_URL !== "") {
    return openPostgresReadStore({ url: config.DATABASE_URL, applicationName: "leftrail-hot-path" });
  }
  logger.warn("DATABASE_URL is empty: serving demo data from memory");
  // Nobody can read this process's audit chain, so any key will do.
  const auditKeys = createKeyRing(new Map([["memory", randomBytes(32)]]));
  const store = openMemoryStore({ auditKeys, clock: Date.now });
  await seedDemoData(store);
  return store;
}
