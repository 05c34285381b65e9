import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { waitUntil } from "@leftrail/testkit";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openPostgresReadStore } from "../src/index.ts";
import { createClient, type Client } from "../src/postgres/client.ts";
import { givenTenant, postgresHarness, type StoreHarness } from "../src/testing/index.ts";
import { startTcpRelay } from "./tcp-relay.ts";

const queryTimeoutMs = 220;
/** Sooner than the server ends a statement by itself, or connecting is given up. */
const inTimeMs = 900;
const unavailable = { code: "unavailable", retryAfterSeconds: 1 };

let postgres: StoreHarness & { readonly url: string };
let owner: Client;
const user = randomUUID();

beforeAll(async () => {
  postgres = await postgresHarness(inject("postgres"));
  owner = createClient({ url: postgres.url, applicationName: "test-owner", role: null, connectionsMax: 2 });
  await givenTenant(postgres.store, { members: { [user]: "member" } });
});
afterAll(async () => {
  await owner.end();
  await postgres[Symbol.asyncDispose]();
});

async function expectUnavailableInTime(read: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await expect(read()).rejects.toMatchObject(unavailable);
  expect(performance.now() - startedMs).toBeLessThan(inTimeMs);
}

const sessionsOf = async (applicationName: string): Promise<readonly number[]> => {
  const rows = await owner<{ pid: number }[]>`
    select pid from pg_stat_activity
    where application_name = ${applicationName} and datname = current_database() order by pid`;
  return rows.map(({ pid }) => pid);
};

test("a statement that hangs is unavailable in time, holds up no other, and is ended by the server", async () => {
  const applicationName = "test-hanging";
  await using store = openPostgresReadStore({ url: postgres.url, applicationName, queryTimeoutMs });
  const { sidebar, outbox } = store.read;
  await Promise.all([sidebar.organizations(user), outbox.look(1)]);
  const sessions = await sessionsOf(applicationName);
  const holder = await owner.reserve();
  await holder`begin`;
  await holder`lock table tenants`;
  const hanging = expectUnavailableInTime(() => sidebar.organizations(user));
  expect((await outbox.look(1)).rows).toHaveLength(1);
  await hanging;
  expect((await outbox.look(1)).rows).toHaveLength(1);
  const isWorking = async () => {
    const rows = await owner`
      select 1 from pg_stat_activity where application_name = ${applicationName} and state = 'active'`;
    return rows.length > 0;
  };
  await waitUntil(async () => !(await isWorking()), { what: "the server to end it", timeoutMs: 1_500 });
  await holder`rollback`;
  holder.release();
  expect(await sidebar.organizations(user)).toHaveLength(1);
  expect(await sessionsOf(applicationName)).toEqual(sessions);
});

test("a server that answers no more is unavailable in time, and is used again once it can be reached", async () => {
  await using relay = await startTcpRelay(postgres.url);
  await using store = openPostgresReadStore({
    url: relay.url,
    applicationName: "test-holed",
    queryTimeoutMs,
    connectionsMax: 2,
  });
  const read = () => store.read.sidebar.organizations(user);
  await waitUntil(() => Promise.all([read(), read()]), { what: "two connections" });
  relay.swallow();
  // More than there are connections, so that kept ones would fill the pool.
  for (let n = 0; n < 4; n++) await expectUnavailableInTime(read);
  await expectUnavailableInTime(() => store.ping());
  relay.forward();
  await waitUntil(read, { what: "an answer again" });
  await waitUntil(() => relay.openSwallowed() === 0, { what: "every dead connection to be closed" });
  await Promise.all([read(), read(), read()]);
}, 20_000);

test("a server that is out of reach from the start is unavailable in time, and is used once it can be reached", async () => {
  await using relay = await startTcpRelay(postgres.url);
  relay.swallow();
  await using store = openPostgresReadStore({ url: relay.url, applicationName: "test-late", queryTimeoutMs });
  const read = () => store.read.sidebar.organizations(user);
  await expectUnavailableInTime(read);
  relay.forward();
  await waitUntil(read, { what: "the first answer" });
  await waitUntil(() => relay.openSwallowed() === 0, { what: "every dead connection to be closed" });
}, 20_000);

test("closing waits two seconds at most for a server that answers no more", async () => {
  await using relay = await startTcpRelay(postgres.url);
  const store = openPostgresReadStore({ url: relay.url, applicationName: "test-closing", queryTimeoutMs });
  await store.ping();
  relay.swallow();
  await expectUnavailableInTime(() => store.ping());
  await store[Symbol.asyncDispose]();
  await waitUntil(() => relay.openSwallowed() === 0, { what: "the connection to be closed" });
  await expect(store.ping()).rejects.toMatchObject(unavailable);
}, 20_000);

test("a server that falls silent in the middle of connecting is unavailable in time, and rejects nothing unseen", async () => {
  const greeting = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
  await using server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(greeting));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `postgres://nobody@127.0.0.1:${portOf(server.address())}/none`;
  const store = openPostgresReadStore({ url, applicationName: "test-silent", queryTimeoutMs });
  await expectUnavailableInTime(() => store.ping());
  await store[Symbol.asyncDispose]();
});

test("of several hosts the one that answers is used", async () => {
  const url = postgres.url.replace("@", "@127.0.0.1:1,");
  await using store = openPostgresReadStore({ url, applicationName: "test-hosts" });
  expect(await store.read.sidebar.organizations(user)).toHaveLength(1);
});

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  return address.port;
}
