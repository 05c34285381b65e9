import { newUser, type TestUser } from "@leftrail/auth/testing";
import { issuedStreamTicketSchema } from "@leftrail/contract";
import { waitUntil, type ServiceProcess } from "@leftrail/testkit";
import { Redis } from "ioredis";
import { insertTenant, startFleet, type Fleet } from "./fleet.ts";

/** What opens `/v1/internal/*` of every control plane here. */
export const internalToken = "internal-token-of-the-stream-tests";

/** An event that a test publishes: who sends it, and its number among that sender's. */
export interface TestEvent {
  readonly sender: string;
  readonly number: number;
  /** For events that have to be large. */
  readonly title?: string;
}

/** Hot paths, a control plane without a scheduler, and what tests of the stream ask of them. */
export async function startStreamFleet(options: {
  readonly databaseUrl: string;
  readonly hotPaths: readonly Readonly<Record<string, string>>[];
}) {
  await using starting = new AsyncDisposableStack();
  const controlPlane = { INTERNAL_TOKENS: internalToken, SCHEDULER_TICK_SECONDS: "0", LOG_LEVEL: "trace" };
  const hotPaths = options.hotPaths.map((env) => ({ LOG_LEVEL: "trace", ...env }));
  const fleet = starting.use(await startFleet({ ...options, hotPaths, controlPlanes: [controlPlane] }));
  const redis = starting.adopt(new Redis(fleet.redis.url), (it) => it.disconnect());
  // It has nothing to say while a test has Redis fail.
  redis.on("error", () => undefined);
  const resources = starting.move();

  const call = async (
    { url }: { readonly url: string },
    method: string,
    path: string,
    { as, body }: { readonly as: TestUser; readonly body?: unknown },
  ): Promise<Response> =>
    fetch(url + path, {
      method,
      headers: { Authorization: await fleet.auth.bearer(as), "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  return {
    ...fleet,
    /** As the others. */
    startControlPlane: () => fleet.startControlPlane(controlPlane),
    /** Another connection to Redis. */
    redisClient: redis,
    call,

    /** An active organization with a member, of whose making nobody is still to be told. */
    async givenOrganization(role = "owner") {
      const as = newUser();
      const tenant = await insertTenant(fleet.sql, { [as.userId]: role });
      await untilAnnounced(fleet.sql);
      return { as, ...tenant };
    },

    /** The stream of an organization at an instance, with a token in its URL as EventSource needs it. */
    async streamUrl(
      { url }: { readonly url: string },
      organizationId: string,
      as: TestUser,
    ): Promise<string> {
      const [, token = ""] = (await fleet.auth.bearer(as)).split(" ");
      return `${url}/v1/stream?org_id=${organizationId}&token=${token}`;
    },

    /** Also where reads are not available at once. */
    issueTicket: ({ url }: { readonly url: string }, organizationId: string, as: TestUser): Promise<string> =>
      waitUntil(
        async () => {
          const response = await call({ url }, "POST", "/v1/stream/tickets", {
            as,
            body: { organizationId },
          });
          return issuedStreamTicketSchema.parse(await response.json()).ticket;
        },
        { what: "a ticket" },
      ),

    /** With an event key of its own, so that it may be repeated. */
    publish(organizationId: string, { sender, number, title = "" }: TestEvent): Promise<Response> {
      const change = { changeId: String(number), source: sender, title, severity: "low" };
      return fetch(`${fleet.controlPlanes[0]?.url}/v1/internal/events`, {
        method: "POST",
        headers: { Authorization: `Bearer ${internalToken}`, "Content-Type": "application/json" },
        body: JSON.stringify({
          org_id: organizationId,
          type: "change.detected",
          data: { ...change, detectedAt: "2026-01-01T00:00:00.000Z" },
          event_key: `${sender} ${number}`,
        }),
      });
    },

    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

export type StreamFleet = Awaited<ReturnType<typeof startStreamFleet>>;

/** The value of a metric, of all its labels together unless one is named; 0 where it has none yet. */
export async function readMetric({ url }: ServiceProcess, name: string, label = ""): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  if (!text.includes(`# TYPE ${name} `)) throw new Error(`there is no metric ${name}`);
  const lines = text.split("\n").filter((line) => /[{ ]/.exec(line.slice(name.length))?.index === 0);
  return lines
    .filter((line) => line.startsWith(name) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Waits until the relay has nothing left to tell anybody. */
export const untilAnnounced = (sql: Fleet["sql"]): Promise<unknown> =>
  waitUntil(
    async () => {
      const [left] = await sql<{ count: number }[]>`
        select (select count(*) from change_outbox)::int + (select count(*) from change_announcements)::int as count`;
      return left?.count === 0;
    },
    { what: "everything to be announced" },
  );
