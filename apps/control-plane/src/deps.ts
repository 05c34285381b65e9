import { openVerifier, type TokenVerifier } from "@leftrail/auth";
import { createInProcessChanges, createRedisBus } from "@leftrail/changes";
import type { EventPublisher } from "@leftrail/event-broker";
import type { FeatureRules } from "@leftrail/features";
import {
  clientAddress,
  closeRedis,
  createLogger,
  createMetrics,
  loadFeatureRules,
  openRedis,
  type ClientAddress,
  type DependencyCheck,
  type Logger,
  type Metrics,
} from "@leftrail/service";
import { openMemoryStore, openPostgresStore, seedDemoData, type KeyRing, type Store } from "@leftrail/store";
import { startKeyServices, type KeyServices } from "./api-keys/key-services.ts";
import type { Config } from "./config.ts";
import { createEventMetrics } from "./events/event-metrics.ts";
import { openPublisher } from "./events/open-publisher.ts";
import { startRelay } from "./relay/start-relay.ts";
import { startScheduler } from "./scheduler/start-scheduler.ts";

/** How long Redis may take for a proof of a key, which a request waits for. */
const proofTimeoutMs = 100;
/** How long it may take to take in a change, which nobody waits for. */
const relayTimeoutMs = 1_000;
/** How long it may take to take in an event; later it is not known whether it did. */
const publishTimeoutMs = 1_000;

/** All that the control plane lives on; made once, disposed of last. */
export interface Deps {
  readonly store: Store;
  readonly verifier: TokenVerifier;
  readonly rules: FeatureRules;
  /** Keys the cursors of lists and the proofs of API keys, as it does the audit chain. */
  readonly keyRing: KeyRing;
  readonly keys: KeyServices;
  readonly events: EventPublisher;
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
  const redisFor = (name: string, commandTimeoutMs: number) =>
    config.REDIS_URL === ""
      ? undefined
      : starting.adopt(openRedis({ url: config.REDIS_URL, name, commandTimeoutMs, logger }), closeRedis);
  const redis = redisFor("leftrail-control-plane", proofTimeoutMs);
  const relayRedis = redisFor("leftrail-relay", relayTimeoutMs);
  const clock = () => performance.now();
  // Without Redis there is nobody to tell, but the outbox must not grow.
  const bus = relayRedis === undefined ? createInProcessChanges(clock).bus : createRedisBus(relayRedis);
  const { registry } = metrics;
  const eventMetrics = createEventMetrics(registry, clock);
  const eventsRedis = redisFor("leftrail-events", publishTimeoutMs);
  const events = eventMetrics.measured(openPublisher(eventsRedis, eventMetrics.count, starting));
  const periodSeconds = config.SCHEDULER_TICK_SECONDS;
  const scheduler = starting.use(startScheduler({ store, events, periodSeconds, registry, logger }));
  const onEvent = scheduler.onRelayEvent;
  starting.use(startRelay({ store, bus, events, registry, logger, clock, onEvent }));
  const keys = starting.use(startKeyServices({ store, keyRing: config.KEY_PEPPER, redis, registry, logger }));
  const resources = starting.move();
  return {
    store,
    verifier,
    rules,
    keyRing: config.KEY_PEPPER,
    keys,
    events,
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
