import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import statusCases from "../cases/entitlement-status.json" with { type: "json" };
import type { EntitlementSource, EntitlementStatus, Instant } from "@leftrail/contract";
import { at, changeAs, eachStore, entitlementRow, givenTenant, overrideRow } from "../src/testing/index.ts";

const past = at("2020-01-01T00:00:00");
const future = at("2999-01-01T00:00:00");

eachStore("the left rail", (harness) => {
  test("organizations: one row each, own role or null, sorted by slug as bytes", async () => {
    const user = randomUUID();
    const { store } = harness();
    const tag = randomUUID().slice(0, 8);
    const top = await givenTenant(store, { slug: `b-${tag}`, members: { [user]: "admin" } });
    const both = await givenTenant(store, { slug: `a-${tag}`, parent: top, members: { [user]: "member" } });
    const below = await givenTenant(store, { slug: `a0${tag}`, parent: both });
    const pending = await givenTenant(store, {
      slug: `c-${tag}`,
      status: "pending",
      members: { [user]: "member" },
    });
    await givenTenant(store);
    expect(await store.read.sidebar.organizations(user)).toEqual([
      { tenant: both, role: "member" },
      { tenant: below, role: null },
      { tenant: top, role: "admin" },
      { tenant: pending, role: "member" },
    ]);
  });

  test("organizations: nothing below a cancelled tenant, though the tenant itself is shown", async () => {
    const user = randomUUID();
    const { store } = harness();
    const cancelled = await givenTenant(store, { status: "cancelled", members: { [user]: "owner" } });
    await givenTenant(store, { parent: cancelled });
    expect(await store.read.sidebar.organizations(user)).toEqual([{ tenant: cancelled, role: "owner" }]);
  });

  test("a mere member above, and an admin of a cancelled tenant above, reach nothing below", async () => {
    const [member, admin] = [randomUUID(), randomUUID()];
    const { store } = harness();
    const top = await givenTenant(store, { members: { [member]: "member" } });
    const middle = await givenTenant(store, {
      parent: top,
      status: "cancelled",
      members: { [admin]: "admin" },
    });
    const bottom = await givenTenant(store, { parent: middle });
    for (const user of [member, admin]) {
      expect(await store.read.sidebar.organizations(user)).toHaveLength(1);
      expect(await store.read.sidebar.featureSources(bottom.id, user)).toBeUndefined();
      expect(await store.read.sidebar.products(bottom.id, user)).toBeUndefined();
    }
  });

  test("organizations: a user without any has none", async () => {
    expect(await harness().store.read.sidebar.organizations(randomUUID())).toEqual([]);
  });

  test("features and products: an unknown organization and somebody else's are the same nothing", async () => {
    const { store } = harness();
    const foreign = await givenTenant(store);
    for (const id of [foreign.id, randomUUID()]) {
      expect(await store.read.sidebar.featureSources(id, randomUUID())).toBeUndefined();
      expect(await store.read.sidebar.products(id, randomUUID())).toBeUndefined();
    }
  });

  test("features and products: an admin above reads them, also when there is nothing to read", async () => {
    const admin = randomUUID();
    const { store } = harness();
    const top = await givenTenant(store, { members: { [admin]: "admin" } });
    const child = await givenTenant(store, { parent: top, status: "pending" });
    const sources = await store.read.sidebar.featureSources(child.id, admin);
    expect(sources).toEqual({ tenantStatus: "pending", overrides: [], entitlements: [], endsInMs: null });
    expect(await store.read.sidebar.products(child.id, admin)).toEqual({ products: [], endsInMs: null });
  });

  test("features: only overrides that are active and not over, only entitlements in force", async () => {
    const user = randomUUID();
    const { store, arrange } = harness();
    const tenant = await givenTenant(store, { members: { [user]: "member" } });
    const live = overrideRow(tenant.id, { target: "live" });
    const later = overrideRow(tenant.id, { target: "later", expiresAt: future });
    await arrange.override(live);
    await arrange.override(later);
    await arrange.override(overrideRow(tenant.id, { target: "off", active: false }));
    await arrange.override(overrideRow(tenant.id, { target: "over", expiresAt: past }));
    const inForce = entitlementRow(tenant.id);
    await arrange.entitlement(inForce);
    await arrange.entitlement(entitlementRow(tenant.id, { product: "change-radar", startsAt: future }));
    const sources = await store.read.sidebar.featureSources(tenant.id, user);
    expect(sources?.overrides.map(({ target }) => target).toSorted()).toEqual(["later", "live"]);
    expect(sources?.entitlements).toEqual([{ id: inForce.id, product: "ai-chat", stripeProduct: null }]);
  });

  test("features: a product's override and entitlement carry its Stripe product's metadata", async () => {
    const user = randomUUID();
    const { store, arrange } = harness();
    const tenant = await givenTenant(store, { members: { [user]: "member" } });
    const stripeProduct = {
      id: `prod_${randomUUID()}`,
      name: "Radar",
      active: true,
      metadata: { features: '["x"]', snake_case: 1 },
    };
    await arrange.stripeProduct(stripeProduct);
    await arrange.linkStripeProduct("change-radar", stripeProduct.id);
    await arrange.override({
      ...overrideRow(tenant.id, { target: "change-radar" }),
      targetType: "product",
    });
    const row = entitlementRow(tenant.id, { product: "change-radar" });
    await arrange.entitlement(row);
    const sources = await store.read.sidebar.featureSources(tenant.id, user);
    expect(sources?.overrides[0]?.stripeProduct).toMatchObject({ metadata: stripeProduct.metadata });
    expect(sources?.entitlements[0]?.stripeProduct).toMatchObject({ metadata: stripeProduct.metadata });
    const shown = await store.read.sidebar.products(tenant.id, user);
    expect(shown?.products[0]?.stripeProduct).toEqual(stripeProduct);
    await arrange.linkStripeProduct("change-radar", null);
    expect((await store.read.sidebar.products(tenant.id, user))?.products[0]?.stripeProduct).toBeNull();
  });

  test("products: all entitlements with their order, sorted by product, then id", async () => {
    const user = randomUUID();
    const { store, arrange } = harness();
    const tenant = await givenTenant(store, { members: { [user]: "member" } });
    const orderId = randomUUID();
    const order = await changeAs(store, tenant.id, (tx) =>
      tx.write.orders.insert({
        id: orderId,
        tenantId: tenant.id,
        product: "ai-chat",
        kind: "purchase",
        status: "fulfilled",
        requestedBy: user,
        note: "please",
      }),
    );
    const rows = [
      entitlementRow(tenant.id, { id: `2${randomUUID().slice(1)}`, orderId }),
      entitlementRow(tenant.id, { id: `1${randomUUID().slice(1)}`, status: "cancelled" }),
      entitlementRow(tenant.id, { id: `0${randomUUID().slice(1)}`, product: "change-radar" }),
    ];
    for (const row of rows) await arrange.entitlement(row);
    const { products } = (await store.read.sidebar.products(tenant.id, user))!;
    expect(products.map(({ entitlement }) => entitlement.id)).toEqual([
      rows[1]?.id,
      rows[0]?.id,
      rows[2]?.id,
    ]);
    expect(products.map(({ name }) => name)).toEqual(["AI Chat", "AI Chat", "Change Radar"]);
    expect(products.map((product) => product.order)).toEqual([
      null,
      { id: orderId, kind: "purchase", status: "fulfilled", createdAt: order.createdAt },
      null,
    ]);
  });

  test.each(statusCases.cases)("products: the status as of now: $name", async (example) => {
    const user = randomUUID();
    const { store, arrange } = harness();
    const tenant = await givenTenant(store, { members: { [user]: "member" } });
    await arrange.entitlement(
      entitlementRow(tenant.id, {
        source: asSource(example.source),
        status: asStatus(example.stored),
        startsAt: hoursFromNow(example.startsInHours),
        endsAt: example.endsInHours === null ? null : hoursFromNow(example.endsInHours),
      }),
    );
    const [product] = (await store.read.sidebar.products(tenant.id, user))?.products ?? [];
    expect(product?.entitlement.status).toBe(example.status);
    const sources = await store.read.sidebar.featureSources(tenant.id, user);
    expect(sources?.entitlements).toHaveLength(["active", "trialing"].includes(example.status) ? 1 : 0);
    const list = await store.read.entitlements.list(tenant.id, { limit: 1, after: null });
    expect(list.items[0]?.status).toBe(example.status);
    const { items } = await store.read.catalog.listForTenant(tenant.id, { limit: 1, after: null });
    const availabilities: Record<string, string> = { active: "entitled", trialing: "trialing" };
    expect(items[0]?.availability).toBe(availabilities[example.status] ?? "available");
  });
});

const hoursFromNow = (hours: number): Instant =>
  at(new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 19));

// JSON has no literal types; the cases hold nothing else.
const asSource = (text: string): EntitlementSource => text as EntitlementSource;
const asStatus = (text: string): EntitlementStatus => text as EntitlementStatus;
