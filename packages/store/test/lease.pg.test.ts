import { waitUntil } from "@leftrail/testkit";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openPostgresStore, type OutboxLease, type Store } from "../src/index.ts";
import { createClient, type Client } from "../src/postgres/client.ts";
import { eachStore, givenTenant, postgresHarness, type StoreHarness } from "../src/testing/index.ts";
import { startTcpRelay } from "./tcp-relay.ts";

const unavailable = { code: "unavailable" };
const everything = 1000;
const mark = { session: "s", number: 1 };
/** For tests that wait for a session or a statement to time out. */
const slowMs = 20_000;

/** Every method of a lease, as something that is lost must refuse it. */
const methodsOf = (lease: OutboxLease): readonly (() => Promise<unknown>)[] => [
  () => lease.pending(1),
  () => lease.remove([1], mark),
  () => lease.recordBoundaries(),
];

async function expectLost(lease: OutboxLease): Promise<void> {
  for (const method of methodsOf(lease)) await expect(method()).rejects.toMatchObject(unavailable);
}

const leadOf = (store: Store): Promise<OutboxLease> =>
  waitUntil(() => store.outbox.tryLead(), { what: "the lease" });

eachStore("the lease on the outbox", (harness) => {
  test("is had by one at a time; disposed of, it refuses everything and another leads at once", async () => {
    const { store } = harness();
    const first = await store.outbox.tryLead();
    expect(first).toBeDefined();
    expect(await store.outbox.tryLead()).toBeUndefined();
    expect(await store.outbox.tryLead()).toBeUndefined();
    await first![Symbol.asyncDispose]();
    await using second = await store.outbox.tryLead();
    expect(second).toBeDefined();
    await expectLost(first!);
    await first![Symbol.asyncDispose]();
    expect(await store.outbox.tryLead()).toBeUndefined();
    expect(await second!.pending(1)).toBeDefined();
  });

  test("is handed over without a pause, however often", async () => {
    const { store } = harness();
    let lease = await store.outbox.tryLead();
    for (let n = 0; n < 20; n++) {
      expect(await store.outbox.tryLead()).toBeUndefined();
      await lease![Symbol.asyncDispose]();
      lease = await store.outbox.tryLead();
      expect(lease).toBeDefined();
    }
    await lease![Symbol.asyncDispose]();
  });

  test("is given to one of many who ask at once, standbys included", async () => {
    const { store } = harness();
    const first = await store.outbox.tryLead();
    expect(await store.outbox.tryLead()).toBeUndefined();
    await first![Symbol.asyncDispose]();
    const answers = await Promise.all([
      store.outbox.tryLead(),
      store.outbox.tryLead(),
      store.outbox.tryLead(),
    ]);
    const leases = answers.filter((lease) => lease !== undefined);
    expect(leases).toHaveLength(1);
    await leases[0]![Symbol.asyncDispose]();
  });

  test("takes away exactly the rows that it is told, once or twice", async () => {
    const { store, arrange } = harness();
    await arrange.relayed();
    await using lease = (await store.outbox.tryLead())!;
    for (let n = 0; n < 3; n++) await givenTenant(store, { status: "pending" });
    const ids = (await lease.pending(everything)).map(({ id }) => id);
    expect(ids).toHaveLength(3);
    await lease.remove([], mark);
    await lease.remove([ids[0]!, ids[2]!], mark);
    await lease.remove([ids[0]!], mark);
    expect((await lease.pending(everything)).map(({ id }) => id)).toEqual([ids[1]]);
  });
});

describe("on Postgres", () => {
  let postgres: StoreHarness & { readonly url: string };
  let owner: Client;
  beforeAll(async () => {
    postgres = await postgresHarness(inject("postgres"));
    owner = createClient({ url: postgres.url, applicationName: "test-owner", role: null, connectionsMax: 2 });
  });
  afterAll(async () => {
    await owner.end();
    await postgres[Symbol.asyncDispose]();
  });

  const openStore = (applicationName: string, url = postgres.url): Store =>
    openPostgresStore({ url, applicationName, auditKeys: postgres.auditKeys, connectionsMax: 2 });

  const sessionsOf = async (applicationName: string): Promise<readonly number[]> =>
    (
      await owner<{ pid: number }[]>`
        select pid from pg_stat_activity
        where application_name = ${applicationName} and datname = current_database()`
    ).map(({ pid }) => pid);

  const terminate = (applicationName: string) => owner`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = ${applicationName} and datname = current_database()`;

  test(
    "a leader whose session is ended has lost the lease for good, and nothing of it runs elsewhere",
    async () => {
      await using cut = openStore("cut");
      await using other = openStore("other");
      const lost = await leadOf(cut);
      await givenTenant(postgres.store, { status: "pending" });
      const ids = (await lost.pending(everything)).map(({ id }) => id);
      expect(ids.length).toBeGreaterThan(0);
      await terminate("cut-relay");
      await using lease = await leadOf(other);
      await expectLost(lost);
      await expect(lost.remove(ids, mark)).rejects.toMatchObject(unavailable);
      expect((await lease.pending(everything)).map(({ id }) => id)).toEqual(ids);
      expect(await sessionsOf("cut-relay")).toEqual([]);
    },
    slowMs,
  );

  test(
    "statements that wait when the session ends are refused too",
    async () => {
      await using cut = openStore("cut-waiting");
      const lost = await leadOf(cut);
      const holder = await owner.reserve();
      await holder`begin`;
      await holder`lock table change_outbox`;
      const waiting = [lost.remove([1], mark), lost.pending(1), lost.recordBoundaries()];
      const refused = Promise.all(waiting.map((call) => expect(call).rejects.toMatchObject(unavailable)));
      await waitUntil(
        async () => {
          const rows = await holder`
          select 1 from pg_stat_activity
          where application_name = 'cut-waiting-relay' and wait_event_type = 'Lock'`;
          return rows.length > 0;
        },
        { what: "a statement that waits for the lock" },
      );
      await holder`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'cut-waiting-relay'`;
      const endedMs = performance.now();
      await refused;
      expect(performance.now() - endedMs).toBeLessThan(1_000);
      await expectLost(lost);
      await holder`rollback`;
      holder.release();
    },
    slowMs,
  );

  test(
    "a leader that is silent for 1.5 s, as a frozen process is, has lost the lease",
    async () => {
      await using frozen = openStore("frozen");
      await using standby = openStore("standby");
      const lost = await leadOf(frozen);
      await using _lease = await waitUntil(() => standby.outbox.tryLead(), {
        what: "the standby to lead",
        timeoutMs: 4_000,
      });
      await expectLost(lost);
    },
    slowMs,
  );

  test(
    "a leader that is used keeps the lease, however long",
    async () => {
      await using busy = openStore("busy");
      await using standby = openStore("standby");
      await using lease = await leadOf(busy);
      const endsMs = performance.now() + 2_500;
      await waitUntil(
        async () => {
          await lease.pending(1);
          expect(await standby.outbox.tryLead()).toBeUndefined();
          return performance.now() > endsMs;
        },
        { what: "longer than silence may last", intervalMs: 100 },
      );
    },
    slowMs,
  );

  test("a standby asks on one connection, however often it asks", async () => {
    await using leader = openStore("leader");
    await using standby = openStore("asking");
    await using _lease = await leadOf(leader);
    await standby.outbox.tryLead();
    const sessions = await sessionsOf("asking-relay");
    expect(sessions).toHaveLength(1);
    for (let n = 0; n < 5; n++) await standby.outbox.tryLead();
    expect(await sessionsOf("asking-relay")).toEqual(sessions);
  });

  test(
    "a database that answers no more costs the lease after two seconds, and every socket is closed",
    async () => {
      await using relay = await startTcpRelay(postgres.url);
      await using store = openStore("holed", relay.url);
      const lost = await leadOf(store);
      relay.swallow();
      const startedMs = performance.now();
      await expect(lost.pending(1)).rejects.toMatchObject(unavailable);
      expect(performance.now() - startedMs).toBeLessThan(4_000);
      await expectLost(lost);
      await waitUntil(() => relay.openSwallowed() === 0, { what: "the sockets to be closed" });
      await expect(store.outbox.tryLead()).rejects.toMatchObject(unavailable);
      relay.forward();
      await using _again = await leadOf(store);
    },
    slowMs,
  );

  test("a database that refuses connections makes asking and listening unavailable", async () => {
    await using store = openStore("refused", "postgres://nobody:secret@127.0.0.1:1/none");
    await expect(store.outbox.tryLead()).rejects.toMatchObject(unavailable);
    await expect(store.outbox.onPending(() => undefined)).rejects.toMatchObject(unavailable);
  });
});
