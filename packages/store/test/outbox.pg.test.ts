import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { createClient, type Client } from "../src/postgres/client.ts";
import { givenTenant, postgresHarness, type StoreHarness } from "../src/testing/index.ts";

let harness: StoreHarness & { readonly url: string };
let owner: Client;

beforeAll(async () => {
  harness = await postgresHarness(inject("postgres"));
  owner = createClient({ url: harness.url, applicationName: "test", role: null, connectionsMax: 2 });
});
afterAll(async () => {
  await owner.end();
  await harness[Symbol.asyncDispose]();
});
beforeEach(() => harness.arrange.clear());

/** The scopes that `work` left in the outbox, sorted. */
async function scopesOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  await owner`delete from change_outbox`;
  await work();
  const { rows } = await harness.store.read.outbox.look(1_000);
  return [...new Set(rows.map(({ scope }) => scope))].toSorted();
}

const user = (id: string) => `user:${id}`;
const org = ({ id }: { id: string }) => `org:${id}`;

test("a membership names its user: inserted, changed, moved to another user, deleted", async () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const tenant = await givenTenant(harness.store);
  const { id } = tenant;
  expect(
    await scopesOf(
      () => owner`insert into memberships (tenant_id, user_id, role) values (${id}, ${one}, 'member')`,
    ),
  ).toEqual([user(one)]);
  expect(await scopesOf(() => owner`update memberships set role = 'admin' where user_id = ${one}`)).toEqual([
    user(one),
  ]);
  expect(await scopesOf(() => owner`update memberships set user_id = ${two} where user_id = ${one}`)).toEqual(
    [user(one), user(two)].toSorted(),
  );
  expect(await scopesOf(() => owner`delete from memberships where user_id = ${two}`)).toEqual([user(two)]);
});

test("a tenant's own row names the tenant, its members and the admins above, not other people", async () => {
  const [member, aboveAdmin, aboveMember, stranger] = Array.from({ length: 4 }, () => randomUUID());
  const { store } = harness;
  const top = await givenTenant(store, {
    members: { [aboveAdmin ?? ""]: "admin", [aboveMember ?? ""]: "member" },
  });
  const middle = await givenTenant(store, { parent: top });
  const bottom = await givenTenant(store, { parent: middle, members: { [member ?? ""]: "member" } });
  await givenTenant(store, { members: { [stranger ?? ""]: "owner" } });
  expect(await scopesOf(() => owner`update tenants set name = 'new' where id = ${bottom.id}`)).toEqual(
    [org(bottom), user(member ?? ""), user(aboveAdmin ?? "")].toSorted(),
  );
});

test("a new parent names the admins above of before and after", async () => {
  const [before, after] = [randomUUID(), randomUUID()];
  const { store } = harness;
  const from = await givenTenant(store, { members: { [before]: "owner" } });
  const to = await givenTenant(store, { members: { [after]: "owner" } });
  const child = await givenTenant(store, { parent: from });
  expect(
    await scopesOf(() => owner`update tenants set parent_tenant_id = ${to.id} where id = ${child.id}`),
  ).toEqual([org(child), user(before), user(after)].toSorted());
});

test("a deleted tenant names itself, its members and the admins above", async () => {
  const [member, admin] = [randomUUID(), randomUUID()];
  const { store } = harness;
  const top = await givenTenant(store, { members: { [admin]: "admin" } });
  const child = await givenTenant(store, { parent: top, members: { [member]: "member" } });
  const scopes = await scopesOf(() => owner`delete from tenants where id = ${child.id}`);
  expect([...new Set(scopes)]).toEqual([org(child), user(admin), user(member)].toSorted());
});

test("orders, entitlements and overrides name their organization, once a statement, old and new", async () => {
  const { store } = harness;
  const [one, two] = [await givenTenant(store), await givenTenant(store)];
  expect(
    await scopesOf(
      () => owner`
        insert into product_access_overrides (tenant_id, target_type, target, effect)
        select ${one.id}, 'feature', 'f' || n, 'grant' from generate_series(1, 50) n`,
    ),
  ).toEqual([org(one)]);
  expect(await scopesOf(() => owner`update product_access_overrides set tenant_id = ${two.id}`)).toEqual(
    [org(one), org(two)].toSorted(),
  );
  expect(await scopesOf(() => owner`delete from product_access_overrides`)).toEqual([org(two)]);
  const newEntitlement = () =>
    owner`insert into entitlements (tenant_id, product, source) values (${one.id}, 'ai-chat', 'grant')`;
  expect(await scopesOf(newEntitlement)).toEqual([org(one)]);
  expect(await scopesOf(() => owner`update entitlements set ends_at = now()`)).toEqual([org(one)]);
  const newOrder = () => owner`
    insert into orders (tenant_id, product, kind, status, requested_by)
    values (${one.id}, 'ai-chat', 'request', 'requested', ${randomUUID()})`;
  expect(await scopesOf(newOrder)).toEqual([org(one)]);
});

test("the catalog and Stripe's products name the catalog", async () => {
  expect(await scopesOf(() => owner`update catalog_products set description = 'new'`)).toEqual(["catalog"]);
  expect(await scopesOf(() => owner`insert into stripe_products (id, name) values ('p1', 'P')`)).toEqual([
    "catalog",
  ]);
  expect(await scopesOf(() => owner`delete from stripe_products`)).toEqual(["catalog"]);
});

test("emptying a table names all", async () => {
  const scopes = await scopesOf(() => owner`truncate entitlements`);
  expect(scopes).toEqual(["all"]);
});

test("a statement that touches no row names nothing, nor does a sync that rewrites what is there", async () => {
  const nobody = randomUUID();
  expect(await scopesOf(() => owner`update catalog_products set name = 'x' where product = 'none'`)).toEqual(
    [],
  );
  expect(await scopesOf(() => owner`update catalog_products set name = name`)).toEqual([]);
  expect(await scopesOf(() => owner`update tenants set name = 'x' where id = ${nobody}`)).toEqual([]);
  expect(await scopesOf(() => owner`delete from entitlements where id = ${nobody}`)).toEqual([]);
});

test("what is rolled back names nothing, what is committed wakes who listens", async () => {
  const tenant = await givenTenant(harness.store);
  const rolledBack = () =>
    owner
      .begin(async (sql) => {
        await sql`update tenants set name = 'x' where id = ${tenant.id}`;
        throw new Error("on purpose");
      })
      .catch(() => undefined);
  expect(await scopesOf(rolledBack)).toEqual([]);
  let wake = (): void => undefined;
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const listening = await owner.listen("leftrail_changes", () => wake());
  await owner`update tenants set name = 'y' where id = ${tenant.id}`;
  await woken;
  await listening.unlisten();
});

test("the writer's role adds what no trigger can know and takes away what is relayed, and changes no row", async () => {
  const writer = createClient({ url: harness.url, applicationName: "test", role: "leftrail_writer" });
  const notAllowed = { code: "42501" };
  try {
    await writer`insert into change_outbox (scope, reason) values ('all', 'boundary')`;
    await writer`delete from change_outbox`;
    await expect(writer`update change_outbox set reason = 'x'`).rejects.toMatchObject(notAllowed);
  } finally {
    await writer.end();
  }
});

test("the relay's progress is one row that nobody adds to and the writer does not take away", async () => {
  const writer = createClient({ url: harness.url, applicationName: "test", role: "leftrail_writer" });
  try {
    await expect(owner`insert into change_relay (boundaries_until) values (now())`).rejects.toMatchObject({
      code: "23505",
    });
    await expect(
      owner`insert into change_relay (is_only, boundaries_until) values (false, now())`,
    ).rejects.toMatchObject({ code: "23514" });
    await expect(writer`delete from change_relay`).rejects.toMatchObject({ code: "42501" });
    expect(await writer`select 1 from change_relay`).toHaveLength(1);
  } finally {
    await writer.end();
  }
});
