import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { changeAs, eachStore, givenTenant } from "../src/testing/index.ts";

eachStore("tenants", (harness) => {
  const find = (id: string, userId: string, isPlatformAdmin = false) =>
    harness().store.read.tenants.find({ id }, { userId, isPlatformAdmin });

  test("a member sees the tenant with their role; an owner or admin is its admin", async () => {
    const [owner, admin, member] = [randomUUID(), randomUUID(), randomUUID()];
    const tenant = await givenTenant(harness().store, {
      members: { [owner]: "owner", [admin]: "admin", [member]: "member" },
    });
    expect(await find(tenant.id, owner)).toEqual({ tenant, role: "owner", isTenantAdmin: true });
    expect(await find(tenant.id, admin)).toEqual({ tenant, role: "admin", isTenantAdmin: true });
    expect(await find(tenant.id, member)).toEqual({ tenant, role: "member", isTenantAdmin: false });
  });

  test("a stranger sees nothing, a platform admin everything but holds no role", async () => {
    const tenant = await givenTenant(harness().store);
    expect(await find(tenant.id, randomUUID())).toBeUndefined();
    expect(await find(tenant.id, randomUUID(), true)).toEqual({ tenant, role: null, isTenantAdmin: false });
    expect(await find(randomUUID(), randomUUID(), true)).toBeUndefined();
  });

  test("the slug finds the same tenant under the same rules", async () => {
    const member = randomUUID();
    const tenant = await givenTenant(harness().store, { members: { [member]: "member" } });
    const bySlug = (userId: string) =>
      harness().store.read.tenants.find({ slug: tenant.slug }, { userId, isPlatformAdmin: false });
    expect(await bySlug(member)).toEqual({ tenant, role: "member", isTenantAdmin: false });
    expect(await bySlug(randomUUID())).toBeUndefined();
  });

  test("an ancestor's owner or admin is admin below it at any depth; its member sees nothing there", async () => {
    const [owner, member] = [randomUUID(), randomUUID()];
    const { store } = harness();
    const top = await givenTenant(store, { members: { [owner]: "owner", [member]: "member" } });
    const middle = await givenTenant(store, { parent: top });
    const bottom = await givenTenant(store, { parent: middle });
    expect(await find(bottom.id, owner)).toEqual({ tenant: bottom, role: null, isTenantAdmin: true });
    expect(await find(bottom.id, member)).toBeUndefined();
  });

  test("a cancelled ancestor confers nothing, and takes nothing from those above it", async () => {
    const [aboveAdmin, cancelledAdmin] = [randomUUID(), randomUUID()];
    const { store } = harness();
    const top = await givenTenant(store, { members: { [aboveAdmin]: "admin" } });
    const middle = await givenTenant(store, {
      parent: top,
      status: "cancelled",
      members: { [cancelledAdmin]: "owner" },
    });
    const bottom = await givenTenant(store, { parent: middle });
    expect(await find(bottom.id, cancelledAdmin)).toBeUndefined();
    expect((await find(bottom.id, aboveAdmin))?.isTenantAdmin).toBe(true);
    expect((await find(middle.id, cancelledAdmin))?.role).toBe("owner");
  });

  test("a pending ancestor confers as an active one does", async () => {
    const admin = randomUUID();
    const { store } = harness();
    const top = await givenTenant(store, { status: "pending", members: { [admin]: "admin" } });
    const child = await givenTenant(store, { parent: top });
    expect((await find(child.id, admin))?.isTenantAdmin).toBe(true);
  });

  test("a member of the child who is admin above keeps the role and is admin", async () => {
    const user = randomUUID();
    const { store } = harness();
    const top = await givenTenant(store, { members: { [user]: "admin" } });
    const child = await givenTenant(store, { parent: top, members: { [user]: "member" } });
    expect(await find(child.id, user)).toEqual({ tenant: child, role: "member", isTenantAdmin: true });
  });

  test("a cycle made by hand ends every read", async () => {
    const user = randomUUID();
    const { store, arrange } = harness();
    const one = await givenTenant(store, { members: { [user]: "admin" } });
    const two = await givenTenant(store, { parent: one });
    await arrange.parent(one.id, two.id);
    expect((await find(two.id, user))?.isTenantAdmin).toBe(true);
    expect(await store.read.sidebar.organizations(user)).toHaveLength(2);
    expect(await store.read.sidebar.products(two.id, user)).toMatchObject({ products: [] });
  });

  test("a list shows what its viewer may see, newest first, page by page, without a gap or a repeat", async () => {
    const user = randomUUID();
    const { store } = harness();
    const top = await givenTenant(store, { members: { [user]: "owner" } });
    const children = [];
    for (let n = 0; n < 6; n++) children.push(await givenTenant(store, { parent: top }));
    await givenTenant(store);
    const seen: string[] = [];
    let after: Parameters<typeof store.read.tenants.list>[1]["after"] = null;
    do {
      const query = { viewer: { userId: user, isPlatformAdmin: false }, status: null };
      const page = await store.read.tenants.list(query, { limit: 3, after });
      seen.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(seen).toEqual([top, ...children].map(({ id }) => id).toReversed());
  });

  test("a list by status shows only that status", async () => {
    const user = randomUUID();
    const { store } = harness();
    const members = { [user]: "member" as const };
    await givenTenant(store, { members, status: "pending" });
    const cancelled = await givenTenant(store, { members, status: "cancelled" });
    const page = await store.read.tenants.list(
      { viewer: { userId: user, isPlatformAdmin: false }, status: "cancelled" },
      { limit: 10, after: null },
    );
    expect(page).toEqual({ items: [cancelled], next: null });
  });

  test("a taken slug is a conflict, also among twenty at once, of which one wins", async () => {
    const { store } = harness();
    const slug = `race-${randomUUID().slice(0, 8)}`;
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => givenTenant(store, { slug })));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "conflict" });
    }
  });

  test("a parent that does not exist is not found", async () => {
    const id = randomUUID();
    const insert = changeAs(harness().store, id, (tx) =>
      tx.write.tenants.insert({ id, slug: `x-${id.slice(0, 8)}`, name: "x", parentTenantId: randomUUID() }),
    );
    await expect(insert).rejects.toMatchObject({ code: "not_found" });
  });

  test("a change of status stamps its moment and nothing else", async () => {
    const { store } = harness();
    const pending = await givenTenant(store, { status: "pending" });
    const active = await changeAs(store, pending.id, (tx) =>
      tx.write.tenants.setStatus(pending.id, "active"),
    );
    expect(active).toMatchObject({ status: "active", cancelledAt: null, createdAt: pending.createdAt });
    expect(active?.activatedAt).toBe(active?.updatedAt);
    const cancelled = await changeAs(store, pending.id, (tx) =>
      tx.write.tenants.setStatus(pending.id, "cancelled"),
    );
    expect(cancelled).toMatchObject({ status: "cancelled", activatedAt: active?.activatedAt });
    expect(cancelled?.cancelledAt).toBe(cancelled?.updatedAt);
  });
});
