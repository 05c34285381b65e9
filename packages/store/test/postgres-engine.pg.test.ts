import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createClient, type Client, type DatabaseRole } from "../src/postgres/client.ts";
import { migrate } from "../src/postgres/migrate.ts";
import { openPostgresReadStore } from "../src/postgres/postgres-read-store.ts";
import { openPostgresStore } from "../src/postgres/postgres-store.ts";
import { changeAs, entryOf, givenTenant, postgresHarness, testActor } from "../src/testing/index.ts";

type Harness = Awaited<ReturnType<typeof postgresHarness>>;

let harness: Harness;
let owner: Client;
const clients: Client[] = [];

const connectAs = (role: DatabaseRole | null): Client => {
  const client = createClient({ url: harness.url, applicationName: "test", role, connectionsMax: 2 });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  harness = await postgresHarness(inject("postgres"));
  owner = connectAs(null);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await harness[Symbol.asyncDispose]();
});

const notAllowed = { code: "42501" };

describe("the reader's role", () => {
  test("reads what the left rail needs and may write nothing", async () => {
    const reader = connectAs("leftrail_reader");
    const tables = ["tenants", "memberships", "orders", "entitlements", "product_access_overrides"];
    for (const table of [...tables, "catalog_products", "stripe_products", "change_outbox", "change_relay"]) {
      await expect(reader`select 1 from ${reader(table)}`).resolves.toBeDefined();
      await expect(reader`delete from ${reader(table)}`).rejects.toMatchObject(notAllowed);
    }
    await expect(reader`update tenants set name = 'x'`).rejects.toMatchObject(notAllowed);
    await expect(reader`insert into memberships values (null)`).rejects.toMatchObject(notAllowed);
  });

  test.each(["api_keys", "audit_log", "audit_heads", "idempotency_keys"])(
    "may not even read %s",
    async (table) => {
      const reader = connectAs("leftrail_reader");
      await expect(reader`select 1 from ${reader(table)}`).rejects.toMatchObject(notAllowed);
    },
  );

  test("serves the hot path's half of the store", async () => {
    const user = randomUUID();
    const tenant = await givenTenant(harness.store, { members: { [user]: "member" } });
    await using store = openPostgresReadStore({ url: harness.url, applicationName: "test-reader" });
    await store.ping();
    expect(await store.read.sidebar.organizations(user)).toEqual([{ tenant, role: "member" }]);
    expect(await store.read.sidebar.featureSources(tenant.id, user)).toBeDefined();
    expect(await store.read.sidebar.products(tenant.id, user)).toEqual({ products: [], endsInMs: null });
    expect((await store.read.outbox.look(1)).rows).toHaveLength(1);
  });
});

test("each read of the left rail is one SQL statement", async () => {
  const user = randomUUID();
  const tenant = await givenTenant(harness.store, { members: { [user]: "member" } });
  const statements: string[] = [];
  await using store = openPostgresReadStore({
    url: harness.url,
    applicationName: "test-counted",
    connectionsMax: 1,
    onStatement: (text) => statements.push(text),
  });
  const { sidebar } = store.read;
  const viewer = { userId: user, isPlatformAdmin: false };
  for (const read of [
    () => sidebar.organizations(user),
    () => sidebar.featureSources(tenant.id, user),
    () => sidebar.products(tenant.id, user),
    () => sidebar.explainableSources(tenant.id, viewer),
    () => store.read.outbox.look(1),
  ]) {
    statements.length = 0;
    await read();
    expect(statements).toHaveLength(1);
  }
});

describe("the audit trail", () => {
  test("outlives its tenant, and is found by the id that the tenant had", async () => {
    const tenant = await givenTenant(harness.store, { members: { [randomUUID()]: "owner" } });
    const writer = connectAs("leftrail_writer");
    await writer`delete from tenants where id = ${tenant.id}`;
    expect(await owner`select tenant_id, action from audit_log where tenant_ref = ${tenant.id}`).toEqual([
      { tenantId: null, action: "tenant.created" },
    ]);
    expect(await owner`select 1 from memberships where tenant_id = ${tenant.id}`).toHaveLength(0);
  });

  test("an entry that can't be written takes the state change with it", async () => {
    const tenant = await givenTenant(harness.store, { status: "pending" });
    await owner`alter table audit_log add constraint broken_on_purpose check (action <> 'tenant.activated')`;
    const activation = harness.store.change(testActor, async (tx) => {
      await tx.write.tenants.setStatus(tenant.id, "active");
      await tx.audit(entryOf(tenant.id, "tenant.activated"));
    });
    await expect(activation).rejects.toThrow();
    await owner`alter table audit_log drop constraint broken_on_purpose`;
    const viewer = { userId: randomUUID(), isPlatformAdmin: true };
    expect((await harness.store.read.tenants.find({ id: tenant.id }, viewer))?.tenant).toEqual(tenant);
  });
});

describe("units of work", () => {
  test("that deadlock are run again until both are done", async () => {
    const [one, two] = [await givenTenant(harness.store), await givenTenant(harness.store)];
    let arrived = 0;
    let release = (): void => undefined;
    const bothHoldOne = new Promise<void>((resolve) => {
      release = resolve;
    });
    const crossing = (first: string, second: string) =>
      changeAs(harness.store, first, async (tx) => {
        await tx.lockTenant(first);
        arrived += 1;
        if (arrived >= 2) release();
        await bothHoldOne;
        await tx.lockTenant(second);
        await tx.write.memberships.put({ tenantId: second, userId: randomUUID(), role: "member" });
      });
    await Promise.all([crossing(one.id, two.id), crossing(two.id, one.id)]);
    expect(arrived).toBe(3);
  });

  test("that wait too long for a lock answer unavailable", async () => {
    const tenant = await givenTenant(harness.store);
    await using _holder = await holdTenant(tenant.id);
    const waiting = changeAs(harness.store, tenant.id, (tx) => tx.lockTenant(tenant.id));
    await expect(waiting).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
  });

  async function holdTenant(tenantId: string): Promise<AsyncDisposable> {
    const holder = await connectAs(null).reserve();
    await holder`begin`;
    await holder`select 1 from tenants where id = ${tenantId} for update`;
    return {
      async [Symbol.asyncDispose]() {
        await holder`rollback`;
        holder.release();
      },
    };
  }
});

describe("a database that fails", () => {
  test("and refuses connections makes every method answer unavailable, without its address", async () => {
    await using store = openPostgresStore({
      url: "postgres://nobody:secret@127.0.0.1:1/none",
      applicationName: "test",
      auditKeys: harness.auditKeys,
    });
    const viewer = { userId: randomUUID(), isPlatformAdmin: true };
    for (const attempt of [
      () => store.ping(),
      () => store.read.sidebar.organizations(viewer.userId),
      () => store.read.tenants.find({ slug: "x" }, viewer),
      () => changeAs(store, randomUUID(), (tx) => tx.lockTenant(randomUUID())),
    ]) {
      const problem = await attempt().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(problem).toMatchObject({ code: "unavailable", message: "The database can't answer right now." });
    }
  });

  test("and drops connections in the middle of units answers unavailable, then works again", async () => {
    await using store = openPostgresStore({
      url: harness.url,
      applicationName: "test-dropped",
      connectionsMax: 2,
      auditKeys: harness.auditKeys,
    });
    const tenant = await givenTenant(store);
    const viewer = { userId: randomUUID(), isPlatformAdmin: true };
    // More often than there are connections, so that a lost one would be missed.
    for (let round = 0; round < 5; round++) {
      const dropped = changeAs(store, tenant.id, async (tx) => {
        await owner`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-dropped'`;
        await tx.write.tenants.setStatus(tenant.id, "cancelled");
      });
      await expect(dropped).rejects.toMatchObject({ code: "unavailable" });
      expect((await store.read.tenants.find({ id: tenant.id }, viewer))?.tenant.status).toBe("active");
    }
  });

  test("and drops a unit's connection never lets the rest of that unit run in another one", async () => {
    await using store = openPostgresStore({
      url: harness.url,
      applicationName: "test-reused",
      connectionsMax: 1,
      auditKeys: harness.auditKeys,
    });
    const [lost, other] = [await givenTenant(store), await givenTenant(store)];
    const stranger = randomUUID();
    const dropped = changeAs(store, lost.id, async (tx) => {
      await owner`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-reused'`;
      // Takes over the only connection while the lost unit still has something to say.
      await changeAs(store, other.id, async (otherTx) => {
        await tx.write.memberships.put({ tenantId: other.id, userId: stranger, role: "owner" }).then(
          () => expect.unreachable(),
          () => undefined,
        );
        await otherTx.write.tenants.setStatus(other.id, "cancelled");
      });
    });
    await expect(dropped).rejects.toMatchObject({ code: "unavailable" });
    expect(await store.read.sidebar.organizations(stranger)).toEqual([]);
    const viewer = { userId: stranger, isPlatformAdmin: true };
    expect((await store.read.tenants.find({ id: other.id }, viewer))?.tenant.status).toBe("cancelled");
    expect((await store.read.tenants.find({ id: lost.id }, viewer))?.tenant.status).toBe("active");
  });

  test("is not made to hold moments that no answer could show, whoever writes them", async () => {
    const tenant = await givenTenant(harness.store);
    for (const moment of ["infinity", "-infinity", "20000-01-01", "0044-03-15 BC"]) {
      for (const attempt of [
        owner`update tenants set created_at = ${moment}::text::timestamptz where id = ${tenant.id}`,
        owner`insert into entitlements (tenant_id, product, source, ends_at)
          values (${tenant.id}, 'ai-chat', 'grant', ${moment}::text::timestamptz)`,
        owner`insert into product_access_overrides (tenant_id, target_type, target, effect, expires_at)
          values (${tenant.id}, 'feature', 'x', 'grant', ${moment}::text::timestamptz)`,
        owner`insert into api_keys (tenant_id, name, prefix, key_hash, created_by, expires_at)
          values (${tenant.id}, 'x', 'x', 'x', ${tenant.id}, ${moment}::text::timestamptz)`,
      ]) {
        await expect(attempt).rejects.toMatchObject({ code: "23514" });
      }
    }
  });

  test("and is asked for what it can't hold answers invalid input", async () => {
    const { store } = harness;
    const viewer = { userId: randomUUID(), isPlatformAdmin: true };
    await expect(store.read.tenants.find({ id: "not a uuid" }, viewer)).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(store.read.tenants.find({ slug: "nul\u0000" }, viewer)).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
});

describe("migrations", () => {
  test("repeated change nothing", async () => {
    await migrate(harness.url);
    expect(await owner`select product, trial_days from catalog_products order by product`).toEqual([
      { product: "ai-chat", trialDays: 14 },
      { product: "change-radar", trialDays: null },
    ]);
  });

  test("that fail say so without the password", async () => {
    const failing = migrate("postgres://nobody:hunter2@127.0.0.1:1/none?connect_timeout=1");
    await expect(failing).rejects.toThrow(/dbmate could not migrate/);
    await expect(failing).rejects.not.toThrow(/hunter2/);
  });
});
