import { randomBytes } from "node:crypto";
import { openVerifier, type AuthEvent, type TokenVerifier } from "@leftrail/auth";
import type { FeatureRules } from "@leftrail/features";
import { databaseTimeoutMs, type ReadCache } from "@leftrail/read-cache";
import {
  closeRedis,
  createLogger,
  createMetrics,
  loadFeatureRules,
  openRedis,
  type DependencyCheck,
  type Logger,
  type Metrics,
} from "@leftrail/service";
import {
  createKeyRing,
  openMemoryStore,
  openPostgresReadStore,
  seedDemoData,
  type ReadStore,
} from "@leftrail/store";
import type { RunningCache } from "./cache/run-cache.ts";
import { startNoCache } from "./cache/start-no-cache.ts";
import { startRedisCache } from "./cache/start-redis-cache.ts";
import type { UserChanges } from "./cache/user-changes.ts";
import type { Config } from "./config.ts";
import { countTokens, showKeyAges } from "./metrics/token-metrics.ts";
import { startInProcessStreaming } from "./stream/start-in-process-streaming.ts";
import { startRedisStreaming } from "./stream/start-redis-streaming.ts";
import { toStreamSettings } from "./stream/stream-settings.ts";
import type { Streaming } from "./stream/streaming.ts";

/** Longest that the stream waits for an answer of Redis. */
const streamCommandTimeoutMs = 1_000;

/** Connections to Postgres for reads: those that run at once, and some for explanations. */
const connectionsMax = 10;

/** All that the hot path lives on; made once, disposed of last. */
export interface Deps {
  readonly store: ReadStore;
  readonly cache: Pick<ReadCache, "hit" | "read">;
  readonly userChanges: UserChanges;
  readonly verifier: TokenVerifier;
  readonly rules: FeatureRules;
  /** Whose pages may read the answers; none: nobody's. */
  readonly corsOrigins: readonly string[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
  readonly streaming: Streaming;
  /** Counts what happens to tokens. */
  readonly onAuthEvent?: (event: AuthEvent) => void;
  /** What it can do without, for `/readyz` to tell of. */
  readonly optionalChecks?: Readonly<Record<string, DependencyCheck>>;
}

/** The only place where the hot path's clients are made. */
export async function createDeps(config: Config, isDraining: () => boolean): Promise<Deps & AsyncDisposable> {
  const logger = createLogger({ level: config.LOG_LEVEL, name: "hot-path" });
  const rules = await loadFeatureRules(config.FEATURES_FILE);
  const metrics = createMetrics();
  const { registry } = metrics;
  await using starting = new AsyncDisposableStack();
  const store = starting.use(await openStore(config, logger));
  const onAuthEvent = countTokens(registry);
  const verifier = starting.use(openVerifier(config, logger, onAuthEvent));
  showKeyAges(registry, verifier);
  const caching = startCache(config, { store, rules, registry, logger }, starting);
  const streaming = startStreaming(config, { registry, logger }, starting);
  const resources = starting.move();
  return {
    store,
    ...caching,
    verifier,
    rules,
    corsOrigins: config.CORS_ORIGINS,
    logger,
    metrics,
    isDraining,
    streaming,
    onAuthEvent,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openStore(config: Config, logger: Logger): Promise<ReadStore> {
  if (config.DATABASE_URL !== "") {
    return openPostgresReadStore({
      url: config.DATABASE_URL,
      applicationName: "leftrail-hot-path",
      queryTimeoutMs: databaseTimeoutMs,
      connectionsMax,
    });
  }
  logger.warn("DATABASE_URL is empty: serving demo data from memory");
  // Nobody can read this process's audit chain, so any key will do.
  const auditKeys = createKeyRing(new Map([["memory", randomBytes(32)]]));
  const store = openMemoryStore({ auditKeys, clock: Date.now });
  await seedDemoData(store);
  return store;
}

/** Without Redis, or without a database that others write to, nobody says here what changed. */
function startCache(
  config: Config,
  parts: Pick<Deps, "store" | "rules" | "logger"> & { readonly registry: Metrics["registry"] },
  starting: AsyncDisposableStack,
): Pick<Deps, "cache" | "userChanges" | "optionalChecks"> {
  const surroundings = { ...parts, clock: () => performance.now() };
  if (config.REDIS_URL === "" || config.DATABASE_URL === "") {
    parts.logger.warn("REDIS_URL or DATABASE_URL is empty: nothing is cached");
    return cachingOf(starting.use(startNoCache(surroundings)));
  }
  const { logger } = parts;
  const redis = starting.adopt(
    openRedis({ url: config.REDIS_URL, name: "leftrail-hot-path", logger }),
    closeRedis,
  );
  const running = starting.use(startRedisCache({ ...surroundings, redis }));
  return { ...cachingOf(running), optionalChecks: { redis: () => redis.ping() } };
}

const cachingOf = ({ cache, userChanges }: RunningCache) => ({ cache, userChanges });

/** Redis is where all instances hear of events; without it nobody publishes to this process. */
function startStreaming(
  config: Config,
  { registry, logger }: Pick<Deps, "logger"> & { readonly registry: Metrics["registry"] },
  starting: AsyncDisposableStack,
): Streaming {
  const settings = toStreamSettings(config);
  const url = config.REDIS_URL;
  if (url === "") {
    logger.warn("REDIS_URL is empty: streams open, but no event reaches this process");
    return starting.use(startInProcessStreaming({ settings, registry }));
  }
  const open = (name: string, timeout: { readonly commandTimeoutMs?: number }) =>
    starting.adopt(openRedis({ url, name: `leftrail-hot-path-${name}`, logger, ...timeout }), closeRedis);
  const redis = open("events", { commandTimeoutMs: streamCommandTimeoutMs });
  const subscriber = open("subscriber", {});
  return starting.use(startRedisStreaming({ redis, subscriber, settings, registry, logger }));
}
