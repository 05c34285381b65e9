import { randomUUID } from "node:crypto";
import { waitUntil } from "@leftrail/testkit";
import { expect, inject, test } from "vitest";
import { orgScope, userScope, type Scope } from "@leftrail/cache-keys";
import { createClient } from "../src/postgres/client.ts";
import {
  changeAs,
  eachStore,
  entitlementRow,
  entryOf,
  givenTenant,
  memoryHarness,
  overrideRow,
  postgresHarness,
  testActor,
  type StoreHarness,
} from "../src/testing/index.ts";

const everything = 1000;

/** What `work` leaves in the outbox, in order, as `scope reason`. */
async function recordedBy({ store, arrange }: StoreHarness, work: () => Promise<unknown>) {
  await arrange.relayed();
  await work();
  const { rows } = await store.read.outbox.look(everything);
  return rows.map(({ scope, reason }) => `${scope} ${reason}`);
}
const says = (scope: Scope, reason: string): string => `${scope} ${reason}`;

eachStore("the outbox", (harness) => {
  test("tells of a committed unit, oldest first, at most as many as asked for", async () => {
    const { store, arrange } = harness();
    await arrange.relayed();
    const [one, two] = [randomUUID(), randomUUID()];
    const tenant = await givenTenant(store, { status: "pending", members: { [one]: "member" } });
    await changeAs(store, tenant.id, (tx) =>
      tx.write.memberships.put({ tenantId: tenant.id, userId: two, role: "member" }),
    );
    const { rows } = await store.read.outbox.look(everything);
    expect(rows.map(({ scope, reason }) => says(scope, reason))).toEqual([
      says(orgScope(tenant.id), "tenant"),
      says(userScope(one), "membership"),
      says(userScope(two), "membership"),
    ]);
    expect(rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id).toSorted((a, b) => a - b));
    expect((await store.read.outbox.look(2)).rows.map(({ id }) => id)).toEqual([rows[0]?.id, rows[1]?.id]);
  });

  test("tells nothing of what is rolled back, nor of what is no caching's business", async () => {
    const tenant = await givenTenant(harness().store);
    const failing = () =>
      changeAs(harness().store, tenant.id, async (tx) => {
        await tx.write.tenants.update(tenant.id, { name: "x" });
        throw new Error("on purpose");
      });
    expect(await recordedBy(harness(), () => failing().catch(() => undefined))).toEqual([]);
    const newKey = changeAs(harness().store, tenant.id, (tx) =>
      tx.write.apiKeys.insert({
        id: randomUUID(),
        tenantId: tenant.id,
        name: "A key",
        prefix: `bp_${randomUUID().slice(0, 8)}`,
        keyHash: "not a hash",
        scopes: [],
        createdBy: randomUUID(),
        expiresAt: null,
      }),
    );
    expect(await recordedBy(harness(), () => newKey)).toEqual([]);
  });

  test("tells how long a row has been waiting", async () => {
    const { store, arrange } = harness();
    await arrange.relayed();
    await givenTenant(store, { status: "pending" });
    const ageNow = async () => (await store.read.outbox.look(1)).rows[0]?.ageMs ?? Number.NaN;
    const first = await ageNow();
    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThan(10_000);
    await waitUntil(async () => (await ageNow()) > first, { what: "the row to grow older" });
  });

  test("hears of other SQL clients: entitlements, overrides, a tenant's new parent, the catalog", async () => {
    const { store, arrange } = harness();
    const [before, after] = [randomUUID(), randomUUID()];
    const from = await givenTenant(store, { members: { [before]: "owner" } });
    const to = await givenTenant(store, { members: { [after]: "owner" } });
    const { id } = await givenTenant(store, { parent: from });
    const org = orgScope(id);
    expect(await recordedBy(harness(), () => arrange.entitlement(entitlementRow(id)))).toEqual([
      says(org, "entitlement"),
    ]);
    expect(await recordedBy(harness(), () => arrange.override(overrideRow(id, { target: "chat" })))).toEqual([
      says(org, "override"),
    ]);
    const moved = await recordedBy(harness(), () => arrange.parent(id, to.id));
    expect(moved.toSorted()).toEqual(
      [says(org, "tenant"), says(userScope(before), "tenant"), says(userScope(after), "tenant")].toSorted(),
    );
    const product = { id: `prod_${randomUUID()}`, name: "Chat", active: true, metadata: { a: 1 } };
    const sync = () => arrange.stripeProduct(product);
    expect(await recordedBy(harness(), sync)).toEqual([says("catalog", "product")]);
    expect(await recordedBy(harness(), sync)).toEqual([]);
    const link = () => arrange.linkStripeProduct("ai-chat", product.id);
    expect(await recordedBy(harness(), link)).toEqual([says("catalog", "product")]);
    expect(await recordedBy(harness(), link)).toEqual([]);
  });

  test("hears of entitlements elsewhere whose order goes with its tenant", async () => {
    const { store, arrange } = harness();
    const gone = await givenTenant(store, { status: "pending" });
    const order = await changeAs(store, gone.id, (tx) =>
      tx.write.orders.insert({
        id: randomUUID(),
        tenantId: gone.id,
        product: "ai-chat",
        kind: "purchase",
        status: "fulfilled",
        requestedBy: randomUUID(),
        note: null,
      }),
    );
    const user = randomUUID();
    const other = await givenTenant(store, { members: { [user]: "member" } });
    await arrange.entitlement(entitlementRow(other.id, { orderId: order.id }));
    const recorded = await recordedBy(harness(), () =>
      store.change(testActor, async (tx) => {
        await tx.write.tenants.remove(gone.id);
        await tx.audit(entryOf(gone.id, "tenant.deleted"));
      }),
    );
    expect(recorded.toSorted()).toEqual(
      [
        says(orgScope(gone.id), "tenant"),
        says(orgScope(gone.id), "order"),
        says(orgScope(other.id), "entitlement"),
      ].toSorted(),
    );
    const shown = await store.read.sidebar.products(other.id, user);
    expect(shown?.products[0]?.entitlement.orderId).toBeNull();
  });

  test("calls back whoever listens: at once, after each commit, not after what is rolled back", async () => {
    const { store } = harness();
    const tenant = await givenTenant(store);
    let calls = 0;
    const rename = (name: string) =>
      changeAs(store, tenant.id, (tx) => tx.write.tenants.update(tenant.id, { name }));
    {
      await using _listening = await store.outbox.onPending(() => {
        calls += 1;
      });
      await waitUntil(() => calls === 1, { what: "the call at once" });
      await changeAs(store, tenant.id, async (tx) => {
        await tx.write.tenants.update(tenant.id, { name: "never" });
        throw new Error("on purpose");
      }).catch(() => undefined);
      await rename("one");
      await waitUntil(() => calls > 1, { what: "the call after the commit" });
      expect(calls).toBe(2);
    }
    await using _other = await store.outbox.onPending(() => undefined);
    await rename("two");
    expect(calls).toBe(2);
  });
});

test("the memory engine tells the age of a row by its own clock", async () => {
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  await using memory = await memoryHarness(() => nowMs);
  await givenTenant(memory.store, { status: "pending" });
  nowMs += 1_500;
  expect((await memory.store.read.outbox.look(1)).rows[0]?.ageMs).toBe(1_500);
});

test("Postgres tells the age of a row by the database's clock", async () => {
  await using postgres = await postgresHarness(inject("postgres"));
  await givenTenant(postgres.store, { status: "pending" });
  await using owner = ownerOf(postgres.url);
  await owner.sql`update change_outbox set created_at = clock_timestamp() - interval '1 hour'`;
  const [row] = (await postgres.store.read.outbox.look(1)).rows;
  expect(row?.ageMs).toBeGreaterThanOrEqual(3_600_000);
  expect(row?.ageMs).toBeLessThan(3_660_000);
  await owner.sql`update change_outbox set created_at = clock_timestamp() + interval '1 hour'`;
  expect((await postgres.store.read.outbox.look(1)).rows[0]?.ageMs).toBe(0);
});

test("a row that took its id first and commits last is still told, when later ones are relayed and gone", async () => {
  await using postgres = await postgresHarness(inject("postgres"));
  await using owner = ownerOf(postgres.url);
  const { store } = postgres;
  const [early, late] = [await givenTenant(store), await givenTenant(store)];
  await postgres.arrange.relayed();
  await using lease = (await store.outbox.tryLead())!;
  const slow = await owner.sql.reserve();
  await slow`begin`;
  await slow`update tenants set name = 'early' where id = ${early.id}`;
  await changeAs(store, late.id, (tx) => tx.write.tenants.update(late.id, { name: "late" }));
  const seen = await lease.pending(everything);
  expect(seen.map(({ scope }) => scope)).toEqual([orgScope(late.id)]);
  await lease.remove(
    seen.map(({ id }) => id),
    { session: "s", number: 1 },
  );
  await slow`commit`;
  slow.release();
  const [left, ...more] = await lease.pending(everything);
  expect(left?.scope).toBe(orgScope(early.id));
  expect(left?.id).toBeLessThan(seen[0]?.id ?? 0);
  expect(more).toEqual([]);
});

test("a listener's connection that is lost is made again and calls back then", async () => {
  await using postgres = await postgresHarness(inject("postgres"));
  await using owner = ownerOf(postgres.url);
  let calls = 0;
  await using _listening = await postgres.store.outbox.onPending(() => {
    calls += 1;
  });
  await waitUntil(() => calls === 1, { what: "the call at once" });
  await owner.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'test-store-listener' and datname = current_database()`;
  await waitUntil(() => calls === 2, { what: "the call after the connection is back" });
  await givenTenant(postgres.store, { status: "pending" });
  await waitUntil(() => calls === 3, { what: "the call after a commit" });
});

function ownerOf(url: string) {
  const sql = createClient({ url, applicationName: "test-owner", role: null, connectionsMax: 2 });
  return { sql, [Symbol.asyncDispose]: () => sql.end() };
}
