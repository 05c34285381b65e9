import { callOf, startTestAuth, type Call, type TestAuth } from "@leftrail/auth/testing";
import { createInProcessChanges, createRelay } from "@leftrail/changes";
import { builtInRules } from "@leftrail/features";
import { createLogger, createMetrics } from "@leftrail/service";
import { conformanceTo } from "@leftrail/service/testing";
import { openPostgresReadStore, type ReadStore } from "@leftrail/store";
import type { StoreHarness } from "@leftrail/store/testing";
import { waitUntil } from "@leftrail/testkit";
import { createApp } from "../src/app.ts";
import { startInProcessCache } from "../src/cache/start-in-process-cache.ts";
import { startNoCache } from "../src/cache/start-no-cache.ts";
import type { Deps } from "../src/deps.ts";
import { startInProcessStreaming } from "../src/stream/start-in-process-streaming.ts";
import { defaultStreamSettings } from "../src/stream/stream-settings.ts";

const conforms = conformanceTo(new URL("../../../openapi/hot-path.yaml", import.meta.url));

/** A hot path over one store of a test. */
export interface HotPath extends AsyncDisposable {
  readonly app: ReturnType<typeof createApp>;
  readonly auth: TestAuth;
  readonly call: Call;
  /** Resolves when the cache has heard of all that is committed. */
  heard(): Promise<void>;
  /** Lets the cache's clock go on; else it stands still, so that no proof gets old. */
  advance(ms: number): void;
}

/** With a cache, and a relay that passes when `heard` is called. */
export async function startHotPath(
  harness: StoreHarness & { readonly url?: string },
  overrides: Partial<Deps> = {},
): Promise<HotPath> {
  let nowMs = 0;
  const clock = () => nowMs;
  const changes = createInProcessChanges(clock);
  const relay = createRelay({ outbox: harness.store.outbox, bus: changes.bus, clock });
  await using starting = new AsyncDisposableStack();
  const store = starting.use(readStoreOf(harness));
  const base = baseDeps();
  const { cache, userChanges } = starting.use(
    startInProcessCache({ ...base, store, changes, clock, registry: base.metrics.registry }),
  );
  const auth = starting.use(await startTestAuth());
  const streaming = starting.use(streamingOf(base));
  const parts = { ...base, store, cache, userChanges, streaming, verifier: auth.verifier };
  const app = createApp({ ...parts, ...overrides });
  const running = starting.move();
  return {
    app,
    auth,
    call: callOf(app, auth, conforms),
    // A pass that finds its lease lost, for it was long ago, takes it anew in the next one.
    heard: async () => void (await waitUntil(() => relay.pass(), { what: "the relay to pass" })),
    advance: (ms) => (nowMs += ms),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Without a cache, as one that runs alone and without Redis. */
export async function startUncachedHotPath(
  store: ReadStore,
  overrides: Partial<Deps> = {},
): Promise<Pick<HotPath, "app" | "call"> & AsyncDisposable> {
  await using starting = new AsyncDisposableStack();
  const base = baseDeps();
  const surroundings = { ...base, store, clock: () => performance.now(), registry: base.metrics.registry };
  const { cache, userChanges } = starting.use(startNoCache(surroundings));
  const auth = starting.use(await startTestAuth());
  const streaming = starting.use(streamingOf(base));
  const parts = { ...base, store, cache, userChanges, streaming, verifier: auth.verifier };
  const app = createApp({ ...parts, ...overrides });
  const running = starting.move();
  return {
    app,
    call: callOf(app, auth, conforms),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const streamingOf = ({ metrics: { registry } }: Pick<Deps, "metrics">) =>
  startInProcessStreaming({ settings: defaultStreamSettings(), registry });

const baseDeps = () => ({
  rules: builtInRules,
  corsOrigins: [],
  // Not on standard output, where each logger waits for the process's exit.
  logger: createLogger({ level: "silent", name: "test", destination: { write: () => undefined } }),
  metrics: createMetrics(),
  isDraining: () => false,
});

/** As the hot path has it: on Postgres with the reader's rights. */
const readStoreOf = ({ store, url }: StoreHarness & { readonly url?: string }): ReadStore =>
  url === undefined ? keptOpen(store) : openPostgresReadStore({ url, applicationName: "test-hot-path" });

/** The harness's own store, which its harness disposes of. */
const keptOpen = (store: ReadStore): ReadStore => ({
  engine: store.engine,
  read: store.read,
  ping: () => store.ping(),
  [Symbol.asyncDispose]: async () => undefined,
});
