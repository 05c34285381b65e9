import { randomUUID } from "node:crypto";
import { userScope, type Scope } from "@leftrail/cache-keys";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { createClient, type Client } from "../src/postgres/client.ts";
import { eachStore, givenTenant, postgresHarness, type StoreHarness } from "../src/testing/index.ts";

const everything = 1_000;
const mark = { session: "s", number: 1 };

eachStore("whoever sees a tenant", (harness) => {
  test("is named by a look and by the lease alike, once each, and is taken away with what was pending", async () => {
    const { store, arrange } = harness();
    const [member, admin] = [randomUUID(), randomUUID()];
    const parent = await givenTenant(store, { members: { [admin]: "admin", [randomUUID()]: "member" } });
    const child = await givenTenant(store, { parent, members: { [member]: "member", [admin]: "member" } });
    await arrange.relayed();
    await arrange.parent(child.id, null);
    const named = [userScope(admin), userScope(member)].toSorted();
    const usersOf = (rows: readonly { readonly scope: Scope }[]) =>
      rows.map(({ scope }) => scope).filter((scope) => scope.startsWith("user:"));
    const { rows } = await store.read.outbox.look(everything);
    expect([...new Set(usersOf(rows))].toSorted()).toEqual(named);
    await using lease = (await store.outbox.tryLead())!;
    const pending = await lease.pending(everything);
    expect([...new Set(usersOf(pending))].toSorted()).toEqual(named);
    await lease.remove(
      pending.map(({ id }) => id),
      mark,
    );
    expect(await lease.pending(everything)).toEqual([]);
    expect(await store.read.outbox.look(everything)).toEqual({ rows: [], mark });
  });
});

describe("who sees a tenant only once another transaction has committed", () => {
  let harness: StoreHarness & { readonly url: string };
  let owner: Client;
  beforeAll(async () => {
    harness = await postgresHarness(inject("postgres"));
    owner = createClient({ url: harness.url, applicationName: "test", role: null, connectionsMax: 3 });
  });
  afterAll(async () => {
    await owner.end();
    await harness[Symbol.asyncDispose]();
  });
  beforeEach(() => harness.arrange.clear());

  /** Whom the outbox names after `change` was begun, `meanwhile` was committed and relayed, and `change` commits. */
  async function namedBy(
    change: (sql: Client) => Promise<unknown>,
    meanwhile: (sql: Client) => Promise<unknown>,
    isolation = "read committed",
  ): Promise<readonly Scope[]> {
    await harness.arrange.relayed();
    await owner.begin(`isolation level ${isolation}`, async (transaction) => {
      await change(transaction as unknown as Client);
      await meanwhile(owner);
      await harness.arrange.relayed();
    });
    const { rows } = await harness.store.read.outbox.look(everything);
    return rows.map(({ scope }) => scope);
  }

  const grant = (tenantId: string, userId: string, role: string) => (sql: Client) =>
    sql`insert into memberships (tenant_id, user_id, role) values (${tenantId}, ${userId}, ${role})`;

  test("is named where a tenant leaves a parent that got an admin meanwhile", async () => {
    const { store } = harness;
    const [parent, user] = [await givenTenant(store), randomUUID()];
    const child = await givenTenant(store, { parent });
    const leave = (sql: Client) => sql`update tenants set parent_tenant_id = null where id = ${child.id}`;
    expect(await namedBy(leave, grant(parent.id, user, "admin"))).toContain(userScope(user));
  });

  test("is named where an ancestor far above got an admin meanwhile", async () => {
    const { store } = harness;
    const [top, user] = [await givenTenant(store), randomUUID()];
    const middle = await givenTenant(store, { parent: top });
    const child = await givenTenant(store, { parent: middle });
    const leave = (sql: Client) => sql`update tenants set parent_tenant_id = null where id = ${child.id}`;
    expect(await namedBy(leave, grant(top.id, user, "owner"))).toContain(userScope(user));
  });

  test("is named where a tenant is renamed that got a member meanwhile", async () => {
    const { store } = harness;
    const [tenant, user] = [await givenTenant(store), randomUUID()];
    const rename = (sql: Client) => sql`update tenants set name = 'new' where id = ${tenant.id}`;
    expect(await namedBy(rename, grant(tenant.id, user, "member"))).toContain(userScope(user));
  });

  test("is named by a transaction that sees nothing of others by its isolation", async () => {
    const { store } = harness;
    const [parent, user] = [await givenTenant(store), randomUUID()];
    const child = await givenTenant(store, { parent });
    const leave = async (sql: Client) => {
      await sql`select 1 from tenants`;
      await sql`update tenants set parent_tenant_id = null where id = ${child.id}`;
    };
    const named = await namedBy(leave, grant(parent.id, user, "admin"), "repeatable read");
    expect(named).toContain(userScope(user));
  });
});
