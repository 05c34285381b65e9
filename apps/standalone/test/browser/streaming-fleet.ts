import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setInterval } from "node:timers/promises";
import { newUser, type TestUser } from "@leftrail/auth/testing";
import {
  createTestDatabase,
  startReverseProxy,
  waitUntil,
  type ProxiedRequest,
  type ServiceProcess,
} from "@leftrail/testkit";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { insertTenant, startFleet } from "../set-up/fleet.ts";
import { sampleEvents, tick, type SampleEvent } from "./sample-events.ts";

const internalToken = "internal-token-of-the-tests-0123456789";
const publishIntervalMs = 20;
const instancesCount = 2;
/** Made together, for they wait together until their making is announced. */
const membersAtOnce = 12;

/** Who may watch an organization. */
export interface Member {
  readonly as: TestUser;
  readonly organizationId: string;
}

export interface SteadyPublishing {
  /** In the order of publishing. */
  readonly ids: readonly string[];
  /** Resolves once so many more were published. */
  more(count: number): Promise<void>;
  /** The id of the last one. */
  stop(): Promise<string>;
}

/** Two hot paths and a control plane behind a gateway, and organizations whose events the test publishes. */
export async function startStreamingFleet({ origins = [] }: { readonly origins?: readonly string[] } = {}) {
  await using starting = new AsyncDisposableStack();
  const database = starting.use(await createTestDatabase(inject("postgres")));
  const hotPathEnv = {
    STREAM_DRAIN_SECONDS: "0",
    ...(origins.length === 0 ? {} : { CORS_ORIGINS: origins.join() }),
  };
  const fleet = starting.use(
    await startFleet({
      databaseUrl: database.url,
      hotPaths: Array.from({ length: instancesCount }, () => hotPathEnv),
      // Its own ticks would come between those of a test.
      controlPlanes: [{ INTERNAL_TOKENS: internalToken, SCHEDULER_TICK_SECONDS: "0" }],
    }),
  );
  const requests: ProxiedRequest[] = [];
  const members: Member[] = [];
  let replacing: Promise<ServiceProcess> | undefined;
  let instances: readonly ServiceProcess[] = fleet.hotPaths;
  const urls = () => instances.map(({ url }) => url);
  const gateway = starting.use(
    await startReverseProxy({ upstreams: urls(), onAnswer: (request) => requests.push(request) }),
  );
  let isOver = false;
  starting.defer(() => void (isOver = true));
  const resources = starting.move();

  async function makeMembers(): Promise<Member> {
    const makeOne = async (): Promise<Member> => {
      const as = newUser();
      const { id } = await insertTenant(fleet.sql, { [as.userId]: "member" });
      return { as, organizationId: id };
    };
    const [one, ...more] = await Promise.all([
      makeOne(),
      ...Array.from({ length: membersAtOnce - 1 }, makeOne),
    ]);
    const areAnnounced = async () => {
      const { sql } = fleet;
      return (await sql`select from change_outbox union all select from change_announcements`).length === 0;
    };
    await waitUntil(areAnnounced, { what: "the new tenants to be announced" });
    members.push(...more);
    return one;
  }

  async function publish(organizationId: string, event: SampleEvent): Promise<string> {
    const response = await fetch(`${fleet.controlPlanes[0]?.url}/v1/internal/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${internalToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({ org_id: organizationId, ...event }),
    });
    if (response.status !== 202)
      throw new Error(`not published: ${response.status} ${await response.text()}`);
    const { id } = (await response.json()) as { id: string };
    return id;
  }

  async function token({ as }: Member, { livesSeconds = 3_600 } = {}): Promise<string> {
    const exp = Math.floor(Date.now() / 1000) + livesSeconds;
    const bearer = await fleet.auth.bearer({ ...as, claims: { exp } });
    return bearer.replace(/^Bearer /, "");
  }

  const streamsOf = (organizationId: string) =>
    requests.filter(({ url }) => url.startsWith("/v1/stream?") && url.includes(organizationId));

  /** Of all instances together, by their metrics. */
  async function countStreams(): Promise<{ readonly live: number; readonly waiting: number }> {
    const texts = await Promise.all(instances.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    const count = (states: string) =>
      texts
        .flatMap((text) => [
          ...text.matchAll(new RegExp(`^leftrail_stream_connections{state="(?:${states})"} (\\d+)$`, "gm")),
        ])
        .reduce((sum, [, streams]) => sum + Number(streams), 0);
    return { live: count("live"), waiting: count("waiting|replaying") };
  }

  /** Resolves when every instance answers this from its process. */
  async function warm(path: string, as: TestUser): Promise<void> {
    for (const instance of instances) await fleet.untilTier(instance, path, as, "l1");
  }

  return {
    ...fleet,
    url: gateway.url,
    /** What came through the gateway, in the order of its answers. */
    requests: requests as readonly ProxiedRequest[],
    streamsOf,
    publish,
    token,
    warm,

    /** One event of each type that services publish. */
    async publishSamples(organizationId: string): Promise<readonly string[]> {
      const ids: string[] = [];
      for (const event of sampleEvents) ids.push(await publish(organizationId, event));
      return ids;
    },

    /**
     * Of an organization that is told nothing but what the test publishes; every instance knows who may watch
     * it, so that nobody waits for a database that is busy.
     */
    async newMember(): Promise<Member> {
      const member = members.pop() ?? (await makeMembers());
      await warm("/v1/organizations", member.as);
      return member;
    },

    /** For EventSource; the credential is an access token or a ticket. */
    streamUrl({ organizationId }: Member, credential: string): string {
      const query = new URLSearchParams({ token: credential, org_id: organizationId });
      return `${gateway.url}/v1/stream?${query.toString()}`;
    },

    async ticket(member: Member): Promise<string> {
      const response = await fetch(`${gateway.url}/v1/stream/tickets`, {
        method: "POST",
        headers: { Authorization: `Bearer ${await token(member)}`, "Content-Type": "application/json" },
        body: JSON.stringify({ organizationId: member.organizationId }),
      });
      if (response.status !== 201) throw new Error(`no ticket: ${response.status} ${await response.text()}`);
      const { ticket } = (await response.json()) as { ticket: string };
      return ticket;
    },

    /** One event after the other, until it is stopped. */
    publishSteadily(organizationId: string): SteadyPublishing {
      const ids: string[] = [];
      const stopping = new AbortController();
      const publishAll = async (): Promise<void> => {
        for await (const _ of setInterval(publishIntervalMs)) {
          if (stopping.signal.aborted || isOver) return;
          ids.push(await publish(organizationId, tick(ids.length)));
        }
      };
      const published = publishAll();
      // A test that fails stops nothing; its error is the one that counts.
      published.catch(() => undefined);
      return {
        ids,
        async more(count) {
          const wanted = ids.length + count;
          await Promise.race([
            published,
            waitUntil(() => ids.length >= wanted, { what: `${count} more events` }),
          ]);
        },
        async stop() {
          stopping.abort();
          await published;
          return ids.at(-1) ?? "";
        },
      };
    },

    /** Resolves once all instances together have so many streams, each of which has been told where it stands. */
    async untilStreams(wanted: number): Promise<void> {
      const areThere = async () => {
        const { live, waiting } = await countStreams();
        return live === wanted && waiting === 0;
      };
      await waitUntil(areThere, { what: `${wanted} open streams` });
    },

    /** Streams that are opened meanwhile are all on one instance. */
    async onOneInstance<T>(open: () => Promise<T>): Promise<T> {
      gateway.use(urls().slice(0, 1));
      const opened = await open();
      gateway.use(urls());
      return opened;
    },

    /** Kills the instance that has the organization's newest stream, with SIGKILL. The gateway is not told. */
    async crashInstanceOf(organizationId: string): Promise<void> {
      const { upstream } = streamsOf(organizationId).at(-1) ?? {};
      const crashed = instances.find(({ url }) => url === upstream);
      if (crashed === undefined) throw new Error("no instance has a stream of this organization");
      instances = instances.filter((each) => each !== crashed);
      crashed.kill("SIGKILL");
      await crashed.exited;
      replacing = fleet.startHotPath(hotPathEnv);
    },

    /** Another instance takes the place of one that has crashed. */
    async mend(): Promise<void> {
      if (replacing !== undefined) instances = [...instances, await replacing];
      replacing = undefined;
      gateway.use(urls());
    },

    /** Until it is mended, every request gets this status, as from an instance that is broken. */
    async answerAll(status: number): Promise<void> {
      const broken = createServer((_request, response) =>
        response.writeHead(status).end("<html>down</html>"),
      );
      broken.listen(0, "127.0.0.1");
      await once(broken, "listening");
      resources.defer(async () => void broken.close());
      gateway.use([`http://127.0.0.1:${(broken.address() as AddressInfo).port}`]);
    },

    /** All that Redis holds is gone. */
    async loseHistory(): Promise<void> {
      const redis = new Redis(fleet.redis.url);
      await redis.flushall();
      redis.disconnect();
    },

    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

export type StreamingFleet = Awaited<ReturnType<typeof startStreamingFleet>>;
