import { randomUUID } from "node:crypto";
import { migrate } from "@leftrail/store";
import {
  createTemplate,
  createTestDatabase,
  startService,
  startTestPostgres,
  type ServiceProcess,
} from "@leftrail/testkit";
import { openClient, prepareRequest, type FullAnswer, type LoadClient } from "@leftrail/testkit/bench";
import { startFleet } from "../../test/set-up/fleet.ts";
import { mark } from "./stream-marks.ts";
import { insertMembers } from "./stream-members.ts";
import { probed } from "./stream-memory.ts";

/** The hot path's own default. */
export const heartbeatMs = 15_000;
/** What a plain server's `/replay` begins with. */
export const replayedEvents = 100;
const internalToken = "internal-token-of-the-bench-0123456789";

/** Always the same, so that the plain server's are as long. */
const event = {
  type: "run.stage",
  data: { runId: randomUUID(), stage: "analyzing", progress: 0.5, message: `Comparing two states ${mark}` },
};

/** A server whose streams are measured, in a process of its own. */
export interface StreamServer extends AsyncDisposable {
  readonly url: string;
  readonly process: ServiceProcess;
  /** Tells all streams of one more event. */
  publish(): Promise<void>;
  /** Resolves when the server has done what came before, so that its CPU time has it. */
  settle(): Promise<void>;
}

/**
 * What hot paths need: Postgres, Redis and a control plane, whose `POST /v1/internal/events` publishes; an organization
 * with so many members.
 */
export async function startStreamServers({ membersCount }: { readonly membersCount: number }) {
  await using starting = new AsyncDisposableStack();
  const postgres = starting.use(await startTestPostgres(undefined));
  const template = starting.use(await createTemplate(postgres.url, migrate));
  const database = starting.use(await createTestDatabase(template));
  const fleet = starting.use(
    await startFleet({
      databaseUrl: database.url,
      hotPaths: [],
      controlPlanes: [{ INTERNAL_TOKENS: internalToken, SCHEDULER_TICK_SECONDS: "0" }],
    }),
  );
  const [controlPlane] = fleet.controlPlanes;
  if (controlPlane === undefined) throw new Error("a control plane was asked for");
  const organizationId = randomUUID();
  const members = await insertMembers(fleet, organizationId, membersCount);
  const publisher = starting.use(openClient(controlPlane.url, { socketsMax: 1 }));
  const publication = prepareRequest({
    method: "POST",
    path: "/v1/internal/events",
    headers: { authorization: `Bearer ${internalToken}`, "content-type": "application/json" },
    body: JSON.stringify({ org_id: organizationId, ...event }),
  });
  /** The event's id. */
  const publish = async (): Promise<string> => idIn(await publisher.sendAndKeep(publication));
  const frame = frameLike(organizationId);
  const plainPublication = prepareRequest({ method: "POST", path: "/", body: frame });
  const resources = starting.move();
  return {
    members,
    publish,
    /** A hot path as it comes, which has no streams and knows nobody. */
    startHotPath: async () =>
      serverOf(await fleet.startHotPath(hotPathSettings), async () => {
        await publish();
      }),
    /** A plain `node:http` server, which knows nobody either, and does not want to. */
    startPlain: async () =>
      serverOf(await startPlainProcess(frame), async (client) => {
        await client.send(plainPublication);
      }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

export type StreamServers = Awaited<ReturnType<typeof startStreamServers>>;

const hotPathSettings = {
  ...probed,
  STREAM_MAX_PER_ORG: "1000000",
  STREAM_HEARTBEAT_MS: String(heartbeatMs),
  STREAM_DRAIN_SECONDS: "0",
};

const startPlainProcess = (frame: string): Promise<ServiceProcess> =>
  startService({
    entry: new URL("stream-floor-cli.ts", import.meta.url),
    name: "the plain server",
    env: { ...probed, HEARTBEAT_MS: String(heartbeatMs), REPLAY: frame.repeat(replayedEvents) },
  });

function serverOf(process: ServiceProcess, publish: (client: LoadClient) => Promise<void>): StreamServer {
  const client = openClient(process.url, { socketsMax: 1 });
  return {
    url: process.url,
    process,
    publish: () => publish(client),
    async settle() {
      await client.send(prepareRequest({ path: "/healthz" }));
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await process[Symbol.asyncDispose]();
    },
  };
}

/** As many bytes as an event of ours takes, give or take a digit. */
function frameLike(orgId: string): string {
  const { type, data } = event;
  const id = "1790000000000-1000";
  const json = JSON.stringify({ id, type, orgId, occurredAt: new Date(0).toISOString(), data });
  return `id: ${id}\nevent: ${type}\ndata: ${json}\n\n`;
}

function idIn({ status, body }: FullAnswer): string {
  const [, id] = /"id":"([^"]+)"/.exec(body.toString()) ?? [];
  if (status !== 202 || id === undefined)
    throw new Error(`publishing answered ${status}: ${body.toString()}`);
  return id;
}
