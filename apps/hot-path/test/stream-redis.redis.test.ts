import { newUser, startTestAuth, type TestAuth } from "@leftrail/auth/testing";
import { issuedStreamTicketSchema } from "@leftrail/contract";
import { createRedisPublisher, type EventPublisher } from "@leftrail/event-broker";
import { closeRedis, createLogger, openRedis, serve } from "@leftrail/service";
import { givenTenant, postgresHarness } from "@leftrail/store/testing";
import { openSse, startTestRedis, waitUntil, type SseReader, type TestRedis } from "@leftrail/testkit";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { createDeps } from "../src/deps.ts";
import { untilEnd, untilEvents } from "./stream-server.ts";

const resources = new AsyncDisposableStack();
let redis: TestRedis;
let auth: TestAuth;
let publisher: EventPublisher;
let urls: readonly string[];
let organizationId: string;
let otherOrganizationId: string;
let token: string;

beforeAll(async () => {
  redis = resources.use(await startTestRedis());
  auth = resources.use(await startTestAuth());
  const harness = resources.use(await postgresHarness(inject("postgres")));
  const as = newUser();
  token = (await auth.bearer(as)).slice("Bearer ".length);
  const members = { [as.userId]: "member" } as const;
  organizationId = (await givenTenant(harness.store, { members })).id;
  otherOrganizationId = (await givenTenant(harness.store, { members })).id;
  const logger = createLogger({ level: "silent", name: "test", destination: { write: () => undefined } });
  publisher = createRedisPublisher({
    redis: resources.adopt(
      openRedis({ url: redis.url, name: "test-publisher", commandTimeoutMs: 1_000, logger }),
      closeRedis,
    ),
  });
  const start = async (): Promise<string> => {
    const config = readConfig({
      AUTH_ISSUERS: auth.setting,
      DATABASE_URL: harness.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: "silent",
      STREAM_HEARTBEAT_MS: "100",
    });
    const stop = new AbortController();
    const deps = resources.use(await createDeps(config, () => stop.signal.aborted));
    await waitUntil(() => deps.verifier.ready(), { what: "the issuer's keys" });
    const app = createApp(deps);
    const { fetch, direct } = app;
    const options = { host: "127.0.0.1", port: 0, logger, signal: stop.signal, drainTimeoutMs: 100 };
    return resources.use(await serve({ fetch, direct, ...options })).url;
  };
  urls = [await start(), await start()];
});
afterAll(() => resources.disposeAsync());

const open = (instance: number, query: Record<string, string> = {}): Promise<SseReader> => {
  const parameters = new URLSearchParams({ token, org_id: organizationId, ...query });
  return openSse(`${urls[instance]}/v1/stream?${parameters.toString()}`);
};
const publish = async (tick = 1): Promise<string> => {
  const event = { type: "scheduler.tick", occurredAt: new Date().toISOString(), data: { tick } };
  return (await publisher.publish(organizationId, event)).id;
};
async function issueTicket(): Promise<string> {
  const answer = await fetch(`${urls[0]}/v1/stream/tickets`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ organizationId }),
  });
  expect(answer.status).toBe(201);
  return issuedStreamTicketSchema.parse(await answer.json()).ticket;
}
const untilBegun = (reader: SseReader) =>
  waitUntil(() => reader.lastEventId !== "", { what: "the stream's beginning" });

test("what is published reaches every instance with the same id, and either resumes what the other began", async () => {
  const [one, other] = [await open(0), await open(1)];
  for (const reader of [one, other]) await untilBegun(reader);
  const ids = [await publish(1), await publish(2)];
  for (const reader of [one, other]) {
    await untilEvents(reader, 2);
    expect(reader.events.map(({ id }) => id)).toEqual(ids);
  }
  expect(other.events).toEqual(one.events);
  ids.push(await publish(3));
  const resumed = await open(1, { last_event_id: ids[0] ?? "" });
  await untilEvents(resumed, 2);
  expect(resumed.events.map(({ id }) => id)).toEqual(ids.slice(1));
  for (const reader of [one, other, resumed]) reader[Symbol.dispose]();
});

test.each([
  ["where the oldest is", [1, 0, 1]],
  ["elsewhere", [0, 1, 1]],
])(
  "a ticket of one instance opens streams on any, two in all; the third, %s, ends the oldest",
  async (_where, instances) => {
    const ticket = await issueTicket();
    const readers: SseReader[] = [];
    for (const instance of instances) {
      const reader = await open(instance, { token: ticket });
      await untilBegun(reader);
      readers.push(reader);
    }
    expect(readers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await untilEnd(readers[0]!);
    expect(readers.slice(1).map(({ end }) => end)).toEqual([undefined, undefined]);
    for (const reader of readers) reader[Symbol.dispose]();
  },
);

test("of many streams that a ticket is to open at once, on two instances, two are left", async () => {
  const ticket = await issueTicket();
  const readers = await Promise.all([0, 1, 0, 1, 0, 1].map((instance) => open(instance, { token: ticket })));
  const openOnes = () => readers.filter(({ end }) => end === undefined);
  await waitUntil(() => openOnes().length === 2, { what: "the others to end" });
  const id = await publish();
  for (const reader of openOnes()) {
    await waitUntil(() => reader.lastEventId === id, { what: "the event" });
  }
  expect(openOnes()).toHaveLength(2);
  for (const reader of readers) reader[Symbol.dispose]();
});

test("Redis frozen or gone: streams open and stay open, tickets are told to come back later, and events arrive when it is back", async () => {
  const before = await open(0);
  await untilBegun(before);
  await redis.freeze();
  const frozen = await open(0);
  expect(frozen.status).toBe(200);
  redis.thaw();
  await untilBegun(frozen);
  await redis.stop();
  const during = await open(0);
  const unheard = await open(0, { org_id: otherOrganizationId });
  await waitUntil(() => unheard.comments.length > 0, { what: "a heartbeat" });
  expect(during).toMatchObject({ status: 200, end: undefined });
  expect(unheard).toMatchObject({ status: 200, end: undefined, lastEventId: "" });
  const byTicket = await open(0, { token: `st_${"a".repeat(43)}` });
  await untilEnd(byTicket);
  expect(byTicket.text).toBe("retry: 5000\n:unavailable\n\n");
  const readiness = await fetch(`${urls[0]}/readyz`);
  expect([readiness.status, await readiness.json()]).toMatchObject([
    200,
    { dependencies: { redis: "failed: error" } },
  ]);
  await redis.start();
  await untilBegun(unheard);
  const id = await waitUntil(() => publish(), { what: "Redis to take an event" });
  for (const reader of [before, frozen, during]) {
    await waitUntil(() => reader.lastEventId === id, { what: `the event after ${reader.text}` });
    expect(reader.end).toBeUndefined();
  }
  // What was lost with Redis is said, and never passed over.
  expect(before.events.map(({ type }) => type)).toEqual(["stream.gap", "scheduler.tick"]);
  for (const reader of [before, frozen, during, unheard]) reader[Symbol.dispose]();
});
