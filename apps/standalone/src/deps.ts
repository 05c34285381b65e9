import { randomBytes } from "node:crypto";
import { BlockList } from "node:net";
import { join } from "node:path";
import { createTokenVerifier } from "@leftrail/auth";
import { createInProcessChanges } from "@leftrail/changes";
import type { Deps as ControlPlaneDeps } from "@leftrail/control-plane/deps";
import { createEventMetrics } from "@leftrail/control-plane/events";
import { startKeyServices } from "@leftrail/control-plane/key-services";
import { startRelay } from "@leftrail/control-plane/relay";
import { startScheduler } from "@leftrail/control-plane/scheduler";
import type { Deps as HotPathDeps } from "@leftrail/hot-path/deps";
import { startInProcessCache } from "@leftrail/hot-path/in-process-cache";
import { startInProcessStreaming } from "@leftrail/hot-path/in-process-streaming";
import { defaultStreamSettings } from "@leftrail/hot-path/stream-settings";
import { clientAddress, createLogger, createMetrics, loadFeatureRules } from "@leftrail/service";
import {
  openMemoryStore,
  openPostgresStore,
  parseKeyRing,
  seedDemoData,
  type KeyRing,
} from "@leftrail/store";
import type { Issuer } from "@leftrail/testkit";
import type { Config } from "./config.ts";
import { openDatabase } from "./development/database.ts";
import { openDevelopmentIssuer } from "./development/issuer.ts";
import { keptSecret } from "./development/kept-secret.ts";

/** What both apps and the development routes live on. */
export type Deps = ControlPlaneDeps & HotPathDeps & Development;

interface Development {
  readonly issuer: Issuer;
  /** What the operator should know of the start. */
  readonly notices: readonly string[];
}

/** The only place where clients are made. Keeps everything below `dataDir`; rejects once the signal has fired. */
export async function createDeps(
  config: Config,
  dataDir: string,
  signal: AbortSignal,
): Promise<Deps & AsyncDisposable> {
  const rules = await loadFeatureRules(config.FEATURES_FILE);
  await using starting = new AsyncDisposableStack();
  const database = config.isInMemory
    ? { unavailable: "--memory was given" }
    : await openDatabase({ dataDir, signal }, starting);
  const isKept = "url" in database;
  const keyRing = await openKeyRing(isKept ? dataDir : undefined);
  const store = starting.use(
    isKept
      ? openPostgresStore({ url: database.url, applicationName: "leftrail-standalone", auditKeys: keyRing })
      : openMemoryStore({ auditKeys: keyRing, clock: Date.now }),
  );
  signal.throwIfAborted();
  await seedDemoData(store);
  const issuer = await openDevelopmentIssuer(isKept ? dataDir : undefined);
  const verifier = createVerifier(issuer);
  starting.use(verifier.start());
  signal.throwIfAborted();
  const logger = createLogger({ level: config.LOG_LEVEL, name: "standalone" });
  const metrics = createMetrics();
  const { registry } = metrics;
  const keys = starting.use(startKeyServices({ store, keyRing, redis: undefined, registry, logger }));
  const clock = () => performance.now();
  const changes = createInProcessChanges(clock);
  const caching = starting.use(startInProcessCache({ store, changes, registry, logger, clock }));
  // Who stops it waits at a terminal.
  const settings = { ...defaultStreamSettings(), drainMs: 0 };
  const streaming = starting.use(startInProcessStreaming({ settings, registry }));
  const events = createEventMetrics(registry, clock).measured(streaming.publisher);
  const periodSeconds = config.SCHEDULER_TICK_SECONDS;
  const scheduler = starting.use(startScheduler({ store, events, periodSeconds, registry, logger }));
  const onEvent = scheduler.onRelayEvent;
  starting.use(startRelay({ store, bus: changes.bus, events, registry, logger, clock, onEvent }));
  const resources = starting.move();
  return {
    store,
    verifier,
    rules,
    keyRing,
    keys,
    cache: caching.cache,
    userChanges: caching.userChanges,
    streaming,
    events,
    corsOrigins: [],
    internalTokens: await openInternalTokens(config, isKept ? dataDir : undefined),
    issuer,
    clientAddress: clientAddress(new BlockList()),
    logger,
    metrics,
    isDraining: () => signal.aborted,
    notices: noticesOf(database),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const openKeyRing = async (dataDir: string | undefined): Promise<KeyRing> => {
  const make = () => `kept:${randomBytes(32).toString("base64")}`;
  return parseKeyRing(dataDir === undefined ? make() : await keptSecret(join(dataDir, "key-pepper"), make));
};

/** Those of INTERNAL_TOKENS, else one that is kept, so that the internal routes can be tried at once. */
async function openInternalTokens(config: Config, dataDir: string | undefined): Promise<readonly string[]> {
  if (config.INTERNAL_TOKENS.length > 0) return config.INTERNAL_TOKENS;
  const make = () => randomBytes(32).toString("hex");
  return [dataDir === undefined ? make() : await keptSecret(join(dataDir, "internal-token"), make)];
}

function createVerifier(issuer: Issuer) {
  return createTokenVerifier({
    issuers: [
      { issuer: issuer.issuer, audience: issuer.audience, jwksUrl: "http://127.0.0.1/dev/jwks.json" },
    ],
    internalEmailDomains: ["leftrail.dev"],
    clock: Date.now,
    // The keys are in this very process; everything behind the fetch is the real thing.
    fetch: async () => Response.json(issuer.jwks()),
  });
}

function noticesOf(database: Awaited<ReturnType<typeof openDatabase>>): readonly string[] {
  if ("unavailable" in database) {
    return [`No embedded Postgres (${database.unavailable}): everything is in memory and gone at the end.`];
  }
  return database.notice === undefined ? [] : [`Note: ${database.notice}.`];
}
