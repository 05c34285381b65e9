import { Redis } from "ioredis";
import { openVerifier, type TokenVerifier } from "@leftrail/auth";
import type { FeatureRules } from "@leftrail/features";
import {
  clientAddress,
  createLogger,
  createMetrics,
  loadFeatureRules,
  type ClientAddress,
  type DependencyCheck,
  type Logger,
  type Metrics,
} from "@leftrail/service";
import { openMemoryStore, openPostgresStore, seedDemoData, type KeyRing, type Store } from "@leftrail/store";
import { startKeyServices, type KeyServices } from "./api-keys/key-services.ts";
import type { Config } from "./config.ts";

/** How long Redis may take; a command that waited longer counts as failed. */
const redisCommandTimeoutMs = 100;
/** A connection that is silent for so long while an answer is due is given up for a new one. */
const redisSocketTimeoutMs = 2_000;

/** All that the control plane lives on; made once, disposed of last. */
export interface Deps {
  readonly store: Store;
  readonly verifier: TokenVerifier;
  readonly rules: FeatureRules;
  /** Keys the cursors of lists and the proofs of API keys, as it does the audit chain. */
  readonly keyRing: KeyRing;
  readonly keys: KeyServices;
  /** What opens `/v1/internal/*`; empty: nothing does. */
  readonly internalTokens: readonly string[];
  readonly clientAddress: ClientAddress;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
  /** What it can do without, for `/readyz` to tell of. */
  readonly optionalChecks?: Readonly<Record<string, DependencyCheck>>;
}

/** The only place where the control plane's clients are made. */
export async function createDeps(config: Config, isDraining: () => boolean): Promise<Deps & AsyncDisposable> {
  const logger = createLogger({ level: config.LOG_LEVEL, name: "control-plane" });
  const rules = await loadFeatureRules(config.FEATURES_FILE);
  await using starting = new AsyncDisposableStack();
  const store = starting.use(await openStore(config, logger));
  const verifier = starting.use(openVerifier(config, logger));
  const metrics = createMetrics();
  const redis =
    config.REDIS_URL === "" ? undefined : starting.adopt(openRedis(config.REDIS_URL, logger), close);
  const keys = starting.use(
    startKeyServices({ store, keyRing: config.KEY_PEPPER, redis, registry: metrics.registry, logger }),
  );
  const resources = starting.move();
  return {
    store,
    verifier,
    rules,
    keyRing: config.KEY_PEPPER,
    keys,
    internalTokens: config.INTERNAL_TOKENS,
    clientAddress: clientAddress(config.TRUSTED_PROXIES),
    logger,
    metrics,
    isDraining,
    ...(redis === undefined ? {} : { optionalChecks: { redis: () => redis.ping() } }),
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

/** A client that never makes a caller wait for a connection: without one, commands fail at once. */
export function openRedis(url: string, logger: Pick<Logger, "info" | "warn">): Redis {
  const redis = new Redis(url, {
    connectionName: "leftrail-control-plane",
    enableOfflineQueue: false,
    commandTimeout: redisCommandTimeoutMs,
    socketTimeout: redisSocketTimeoutMs,
    maxRetriesPerRequest: 0,
  });
  let isDown = false;
  redis.on("error", (err) => {
    if (!isDown) logger.warn({ err }, "Redis is out of reach");
    isDown = true;
  });
  redis.on("ready", () => {
    if (isDown) logger.info("Redis is back");
    isDown = false;
  });
  return redis;
}

const close = (redis: Redis): void => redis.disconnect();
