import { openVerifier, type TokenVerifier } from "@leftrail/auth";
import type { FeatureRules } from "@leftrail/features";
import {
  clientAddress,
  createLogger,
  createMetrics,
  loadFeatureRules,
  type ClientAddress,
  type Logger,
  type Metrics,
} from "@leftrail/service";
import { openMemoryStore, openPostgresStore, seedDemoData, type KeyRing, type Store } from "@leftrail/store";
import type { Config } from "./config.ts";

/** All that the control plane lives on; made once, disposed of last. */
export interface Deps {
  readonly store: Store;
  readonly verifier: TokenVerifier;
  readonly rules: FeatureRules;
  /** Keys the cursors of lists, as it does the audit chain. */
  readonly keyRing: KeyRing;
  readonly clientAddress: ClientAddress;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
}

/** The only place where the control plane's clients are made. */
export async function createDeps(config: Config, isDraining: () => boolean): Promise<Deps & AsyncDisposable> {
  const logger = createLogger({ level: config.LOG_LEVEL, name: "control-plane" });
  const rules = await loadFeatureRules(config.FEATURES_FILE);
  await using starting = new AsyncDisposableStack();
  const store = starting.use(await openStore(config, logger));
  const verifier = starting.use(openVerifier(config, logger));
  const resources = starting.move();
  return {
    store,
    verifier,
    rules,
    keyRing: config.KEY_PEPPER,
    clientAddress: clientAddress(config.TRUSTED_PROXIES),
    logger,
    metrics: createMetrics(),
    isDraining,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openStore(config: Config, logger: Logger): Promise<Store> {
  const auditKeys = config.KEY_PEPPER;
  if (config.DATABASE_URL !== "") {
    return openPostgresStore({
      url: config.DATABASE_URL,
      applicationName: "leftrail-control-plane",
      auditKeys,
    });
  }
  logger.warn("DATABASE_URL is empty: keeping everything in memory, with demo data");
  const store = openMemoryStore({ auditKeys, clock: Date.now });
  await seedDemoData(store);
  return store;
}
