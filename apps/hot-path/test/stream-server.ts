import type { StreamTickets } from "@leftrail/auth";
import { newUser, type TestUser } from "@leftrail/auth/testing";
import type { EventPublisher } from "@leftrail/event-broker";
import { createLogger, createMetrics, serve, type Metrics } from "@leftrail/service";
import { changeAs, givenTenant, memoryHarness, type StoreHarness } from "@leftrail/store/testing";
import { openSse, waitUntil, type SseReader } from "@leftrail/testkit";
import type { Deps } from "../src/deps.ts";
import { startInProcessStreaming } from "../src/stream/start-in-process-streaming.ts";
import { defaultStreamSettings } from "../src/stream/stream-settings.ts";
import type { Streaming } from "../src/stream/streaming.ts";
import type { StreamSettings } from "../src/stream/streams.ts";
import { startHotPath, type HotPath } from "./call-hot-path.ts";

export interface StreamServerOptions {
  readonly settings?: Partial<StreamSettings>;
  readonly deps?: Partial<Deps>;
  readonly tickets?: StreamTickets;
  readonly hubs?: Streaming["hubs"];
  /** Through the app alone, as in a process with other apps beside it. */
  readonly isDirect?: boolean;
}

export interface OpenOptions {
  readonly as?: TestUser;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** A hot path behind a real server, with the broker in process and a log that can be read. */
export interface StreamServer extends AsyncDisposable {
  readonly url: string;
  readonly hotPath: HotPath;
  readonly harness: StoreHarness;
  readonly publisher: EventPublisher;
  readonly metrics: Metrics;
  readonly log: readonly string[];
  /** Whatever the answer is; with the user's token in the query. */
  open(options?: OpenOptions): Promise<SseReader>;
  token(user: TestUser): Promise<string>;
  publish(organizationId: string, type?: string, data?: unknown): Promise<string>;
  /** A sample of `/metrics`; 0 for one that is not there. */
  metric(name: string): Promise<number>;
  /** What a signal does, and what comes of it. */
  stop(): Promise<void>;
  readonly isStopped: () => boolean;
}

export async function startStreamServer(options: StreamServerOptions = {}): Promise<StreamServer> {
  const { settings = {}, deps = {}, isDirect = true } = options;
  const log: string[] = [];
  const stop = new AbortController();
  let isStopped = false;
  await using starting = new AsyncDisposableStack();
  const harness = starting.use(await memoryHarness());
  const metrics = createMetrics();
  const inProcess = starting.use(
    startInProcessStreaming({
      settings: { ...defaultStreamSettings(), ...settings },
      registry: metrics.registry,
    }),
  );
  const { hubs = inProcess.hubs, tickets = inProcess.tickets } = options;
  const logger = createLogger({
    level: "debug",
    name: "test",
    destination: { write: (line) => void log.push(line) },
  });
  const hotPath = starting.use(
    await startHotPath(harness, {
      metrics,
      logger,
      streaming: { ...inProcess, hubs, tickets },
      isDraining: () => stop.signal.aborted,
      ...deps,
    }),
  );
  const { app, auth } = hotPath;
  const server = starting.use(
    await serve({
      fetch: app.fetch,
      ...(isDirect ? { direct: app.direct } : {}),
      host: "127.0.0.1",
      port: 0,
      logger,
      signal: stop.signal,
      drainTimeoutMs: 30_000,
    }),
  );
  void server.closed.then(() => (isStopped = true));
  // Streams that a test leaves open must not hold up its end.
  const readers = starting.use(new DisposableStack());
  starting.defer(() => stop.abort());
  const running = starting.move();
  const token = async (user: TestUser): Promise<string> => (await auth.bearer(user)).slice("Bearer ".length);

  return {
    url: server.url,
    hotPath,
    harness,
    publisher: inProcess.publisher,
    metrics,
    log,
    token,
    async open({ as, query = {}, headers = {}, method = "GET" } = {}) {
      const parameters = new URLSearchParams({ ...(as && { token: await token(as) }), ...query });
      return readers.use(
        await openSse(`${server.url}/v1/stream?${parameters.toString()}`, { method, headers }),
      );
    },
    async publish(organizationId, type = "scheduler.tick", data = {}) {
      const occurredAt = "2026-01-31T12:00:00.000Z";
      return (await inProcess.publisher.publish(organizationId, { type, occurredAt, data })).id;
    },
    async metric(name) {
      const text = await metrics.registry.metrics();
      const line = text.split("\n").find((one) => one.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1) ?? 0);
    },
    async stop() {
      stop.abort();
      await server.closed;
    },
    isStopped: () => isStopped,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Somebody who is a member of one organization, or of as many as are asked for. */
export async function givenMember(
  { harness, hotPath }: Pick<StreamServer, "harness" | "hotPath">,
  organizations = 1,
): Promise<{ as: TestUser; organizationId: string; organizationIds: readonly string[] }> {
  const as = newUser();
  const organizationIds: string[] = [];
  for (let count = 0; count < organizations; count++) {
    const { id } = await givenTenant(harness.store, { members: { [as.userId]: "member" } });
    organizationIds.push(id);
  }
  await hotPath.heard();
  return { as, organizationId: organizationIds[0] ?? "", organizationIds };
}

export async function removeMember(
  { harness, hotPath }: Pick<StreamServer, "harness" | "hotPath">,
  tenantId: string,
  { userId }: TestUser,
): Promise<void> {
  await changeAs(harness.store, tenantId, (tx) => tx.write.memberships.remove(tenantId, userId));
  await hotPath.heard();
}

export const untilEvents = (reader: SseReader, count: number) =>
  waitUntil(() => reader.events.length >= count, { what: `${count} events of ${reader.text.slice(-200)}` });

export const untilEnd = (reader: SseReader) => waitUntil(() => reader.end, { what: "the end of a stream" });
