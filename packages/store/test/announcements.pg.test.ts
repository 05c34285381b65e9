import { waitUntil } from "@leftrail/testkit";
import { randomUUID } from "node:crypto";
import { expect, inject, test } from "vitest";
import type { Announcement, OutboxLease } from "../src/index.ts";
import { announcementDelayMs } from "../src/port/announcements.ts";
import { createClient } from "../src/postgres/client.ts";
import {
  changeAs,
  eachStore,
  entitlementRow,
  givenTenant,
  overrideRow,
  postgresHarness,
  type StoreHarness,
} from "../src/testing/index.ts";

const everything = 1_000;
const mark = { session: "s", number: 1 };

eachStore("announcements", (harness) => {
  /** A leader with nothing pending. */
  async function lead({ store, arrange }: StoreHarness): Promise<OutboxLease> {
    await arrange.relayed();
    return waitUntil(() => store.outbox.tryLead(), { what: "the lease" });
  }

  async function relayAll(lease: OutboxLease): Promise<void> {
    const rows = await lease.pending(everything);
    await lease.remove(
      rows.map(({ id }) => id),
      mark,
    );
  }

  /** Those that the organization is to be told, whatever other tests left. */
  const dueFor = async (lease: OutboxLease, organizationId: string): Promise<readonly Announcement[]> =>
    (await lease.announcements(everything)).filter(({ organizations }) =>
      organizations.some(({ id }) => id === organizationId),
    );

  /** Relays what is pending, and waits until `count` announcements are due. */
  async function dueAfterRelay(
    lease: OutboxLease,
    organizationId: string,
    count = 1,
  ): Promise<readonly Announcement[]> {
    await relayAll(lease);
    return waitUntil(
      async () => {
        const due = await dueFor(lease, organizationId);
        return due.length >= count ? due : undefined;
      },
      { what: `${count} announcements` },
    );
  }

  test("say of entitlements, overrides and the tenant itself what is in force, once a relayed batch", async () => {
    const { store, arrange } = harness();
    const { id } = await givenTenant(store);
    await using lease = await lead(harness());
    await arrange.entitlement(entitlementRow(id, { product: "change-radar" }));
    await arrange.entitlement(entitlementRow(id, { product: "ai-chat" }));
    await arrange.override(overrideRow(id, { target: "chat" }));
    await changeAs(store, id, (tx) => tx.write.tenants.update(id, { name: "new" }));
    const due = await dueAfterRelay(lease, id, 3);
    const organizations = [{ id, products: ["ai-chat", "change-radar"] }];
    expect(due.map(({ reason }) => reason).toSorted()).toEqual(["entitlement", "override", "tenant"]);
    for (const announcement of due) expect(announcement).toMatchObject({ organizations, nextAfter: null });
    expect(new Set(due.map(({ key }) => key)).size).toBe(3);
  });

  test("come again, under the same key, until they have been told, and then no more", async () => {
    const { store, arrange } = harness();
    const { id } = await givenTenant(store);
    await using lease = await lead(harness());
    await arrange.entitlement(entitlementRow(id));
    const [first] = await dueAfterRelay(lease, id);
    const [again] = await dueFor(lease, id);
    expect(again).toEqual(first);
    await lease.announced(again!);
    expect(await dueFor(lease, id)).toEqual([]);
  });

  test("are not due before every cache may have heard", async () => {
    const { store, arrange } = harness();
    await using lease = await lead(harness());
    // Where looking took as long as they wait, it says nothing of when they became due.
    const early = await waitUntil(
      async () => {
        const { id } = await givenTenant(store);
        await arrange.entitlement(entitlementRow(id));
        const beforeMs = performance.now();
        await relayAll(lease);
        const due = await dueFor(lease, id);
        return performance.now() - beforeMs < announcementDelayMs ? due : undefined;
      },
      { what: "a look that was quick enough" },
    );
    expect(early).toEqual([]);
  });

  test("of the catalog go to every organization that has something in force, and to no other", async () => {
    const { store, arrange } = harness();
    const [has, hasNot] = [await givenTenant(store), await givenTenant(store)];
    await arrange.entitlement(entitlementRow(has.id));
    await using lease = await lead(harness());
    await arrange.stripeProduct({ id: `prod_${randomUUID()}`, name: "Chat", active: true, metadata: {} });
    await relayAll(lease);
    const announcement = await waitUntil(
      async () => (await dueFor(lease, has.id)).find(({ reason }) => reason === "product"),
      { what: "the announcement to all" },
    );
    const ids = announcement.organizations.map(({ id }) => id);
    expect(ids).toContain(has.id);
    expect(ids).not.toContain(hasNot.id);
    await lease.announced(announcement);
  });

  test("are not made of memberships and orders", async () => {
    const { store, arrange } = harness();
    const { id } = await givenTenant(store);
    await using lease = await lead(harness());
    await changeAs(store, id, (tx) =>
      tx.write.memberships.put({ tenantId: id, userId: randomUUID(), role: "member" }),
    );
    await relayAll(lease);
    await arrange.entitlement(entitlementRow(id));
    const due = await dueAfterRelay(lease, id);
    expect(due.map(({ reason }) => reason)).toEqual(["entitlement"]);
  });
});

test("an announcement to all goes on where it stood, so many organizations at a time, until all were told", async () => {
  await using postgres = await postgresHarness(inject("postgres"));
  const owner = createClient({ url: postgres.url, applicationName: "test", role: null });
  try {
    await owner`
      insert into tenants (id, slug, name, status)
      select gen_random_uuid(), 'many-' || n, 'Many', 'active' from generate_series(1, 1201) n`;
    await owner`
      insert into entitlements (tenant_id, product, source) select id, 'ai-chat', 'grant' from tenants`;
    await postgres.arrange.relayed();
    await owner`update catalog_products set description = 'new'`;
    await using lease = (await postgres.store.outbox.tryLead())!;
    const rows = await lease.pending(everything);
    await lease.remove(
      rows.map(({ id }) => id),
      mark,
    );
    const told: string[] = [];
    const steps: number[] = [];
    await waitUntil(
      async () => {
        const [announcement] = await lease.announcements(everything);
        if (announcement === undefined) return steps.length > 0;
        told.push(...announcement.organizations.map(({ id }) => id));
        steps.push(announcement.organizations.length);
        await lease.announced(announcement);
        return false;
      },
      { what: "everybody to be told" },
    );
    expect(steps).toEqual([500, 500, 201]);
    expect(new Set(told).size).toBe(1201);
  } finally {
    await owner.end();
  }
});
