import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { eachStore, entitlementRow, givenTenant, overrideRow } from "../src/testing/index.ts";

eachStore("what decides features, for whoever may ask why", (harness) => {
  const explain = (organizationId: string, userId: string, isPlatformAdmin = false) =>
    harness().store.read.sidebar.explainableSources(organizationId, { userId, isPlatformAdmin });

  test("is what decides them for a member, and says who is an admin", async () => {
    const { store, arrange } = harness();
    const [owner, admin, member] = [randomUUID(), randomUUID(), randomUUID()];
    const { id } = await givenTenant(store, {
      members: { [owner]: "owner", [admin]: "admin", [member]: "member" },
    });
    await arrange.entitlement(entitlementRow(id));
    await arrange.override(overrideRow(id, { target: "chat" }));
    const sources = await store.read.sidebar.featureSources(id, member);
    expect(sources).toMatchObject({
      overrides: [{ target: "chat" }],
      entitlements: [{ product: "ai-chat" }],
    });
    expect(await explain(id, member)).toEqual({ sources, isTenantAdmin: false });
    expect(await explain(id, admin)).toEqual({ sources, isTenantAdmin: true });
    expect(await explain(id, owner)).toEqual({ sources, isTenantAdmin: true });
  });

  test("is nothing for strangers, nor of an unknown organization", async () => {
    const { id } = await givenTenant(harness().store);
    expect(await explain(id, randomUUID())).toBeUndefined();
    expect(await explain(randomUUID(), randomUUID())).toBeUndefined();
    expect(await explain(randomUUID(), randomUUID(), true)).toBeUndefined();
  });

  test("is there for a platform admin everywhere, who is no admin of the tenant by that", async () => {
    const userId = randomUUID();
    const { id } = await givenTenant(harness().store, { status: "pending", members: { [userId]: "admin" } });
    expect(await explain(id, randomUUID(), true)).toEqual({
      sources: { tenantStatus: "pending", overrides: [], entitlements: [], endsInMs: null },
      isTenantAdmin: false,
    });
    expect(await explain(id, userId, true)).toMatchObject({ isTenantAdmin: true });
  });

  test("sees admins above as admins, mere members above and admins of a cancelled tenant above not at all", async () => {
    const { store } = harness();
    const [topAdmin, topMember, middleAdmin] = [randomUUID(), randomUUID(), randomUUID()];
    const top = await givenTenant(store, { members: { [topAdmin]: "admin", [topMember]: "member" } });
    const middle = await givenTenant(store, {
      parent: top,
      status: "cancelled",
      members: { [middleAdmin]: "owner" },
    });
    const { id } = await givenTenant(store, { parent: middle, members: { [middleAdmin]: "member" } });
    expect(await explain(id, topAdmin)).toMatchObject({ isTenantAdmin: true });
    expect(await explain(id, topMember)).toBeUndefined();
    expect(await explain(id, middleAdmin)).toMatchObject({ isTenantAdmin: false });
  });

  test("agrees with the control plane on a cancelled tenant's own owner, and on everybody else", async () => {
    const { store } = harness();
    const [owner, member] = [randomUUID(), randomUUID()];
    const { id } = await givenTenant(store, {
      status: "cancelled",
      members: { [owner]: "owner", [member]: "member" },
    });
    for (const [userId, isTenantAdmin] of [
      [owner, true],
      [member, false],
    ] as const) {
      const view = await store.read.tenants.find({ id }, { userId, isPlatformAdmin: false });
      expect(view?.isTenantAdmin).toBe(isTenantAdmin);
      expect(await explain(id, userId)).toMatchObject({ isTenantAdmin });
    }
  });
});
