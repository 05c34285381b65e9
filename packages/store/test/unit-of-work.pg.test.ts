import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { chainEntry, emptyHead } from "../src/audit-chain.ts";
import {
  at,
  changeAs,
  eachStore,
  entryOf,
  givenTenant,
  testActor,
  type StoreHarness,
} from "../src/testing/index.ts";

eachStore("a unit of work", (harness) => {
  const trailOf = async (tenantId: string) =>
    (await harness().dump()).auditLog.filter(({ tenantRef }) => tenantRef === tenantId);

  test("commits its state and its one audit entry together", async () => {
    const tenant = await givenTenant(harness().store);
    expect(await trailOf(tenant.id)).toMatchObject([
      { tenantId: tenant.id, seq: 1, actorType: "system", actorId: "test", action: "tenant.created" },
    ]);
  });

  test("that throws changes nothing", async () => {
    const { store, dump } = harness();
    const tenant = await givenTenant(store);
    const before = await dump();
    const failing = changeAs(store, tenant.id, async (tx) => {
      await tx.write.tenants.setStatus(tenant.id, "cancelled");
      throw new Error("on purpose");
    });
    await expect(failing).rejects.toThrow("on purpose");
    expect(await dump()).toEqual(before);
  });

  test("that wrote state without its audit entry is refused and changes nothing", async () => {
    const { store, dump } = harness();
    const tenant = await givenTenant(store);
    const before = await dump();
    const silent = store.change(testActor, (tx) => tx.write.tenants.setStatus(tenant.id, "cancelled"));
    await expect(silent).rejects.toThrow("without its audit entry");
    expect(await dump()).toEqual(before);
  });

  test("with an audit entry but no change is refused and changes nothing", async () => {
    const { store, dump } = harness();
    const tenant = await givenTenant(store);
    const before = await dump();
    const idle = store.change(testActor, async (tx) => {
      await tx.write.memberships.remove(tenant.id, randomUUID());
      await tx.audit(entryOf(tenant.id));
    });
    await expect(idle).rejects.toThrow("without a state change");
    expect(await dump()).toEqual(before);
  });

  test("that writes after its audit entry, or appends two, is refused", async () => {
    const { store, dump } = harness();
    const tenant = await givenTenant(store);
    const before = await dump();
    const late = changeAs(store, tenant.id, async (tx) => {
      await tx.write.tenants.setStatus(tenant.id, "cancelled");
      await tx.audit(entryOf(tenant.id));
      await tx.write.tenants.setStatus(tenant.id, "cancelled");
    });
    await expect(late).rejects.toThrow("a write after the audit entry");
    const twice = changeAs(store, tenant.id, async (tx) => {
      await tx.write.tenants.setStatus(tenant.id, "cancelled");
      await tx.audit(entryOf(tenant.id));
    });
    await expect(twice).rejects.toThrow("a second audit entry");
    expect(await dump()).toEqual(before);
  });

  test("sees its own writes; nobody else does before it commits", async () => {
    const { store } = harness();
    const user = randomUUID();
    const tenant = await givenTenant(store, { status: "pending", members: { [user]: "member" } });
    const seenInside = await changeAs(store, tenant.id, async (tx) => {
      await tx.write.tenants.setStatus(tenant.id, "active");
      const outside = await store.read.sidebar.organizations(user);
      const inside = await tx.sidebar.organizations(user);
      return [outside[0]?.tenant.status, inside[0]?.tenant.status];
    });
    expect(seenInside).toEqual(["pending", "active"]);
  });

  test("units on one tenant run one after another: each sees what the one before has done", async () => {
    const { store } = harness();
    const tenant = await givenTenant(store, { status: "pending" });
    const activations = await Promise.all(
      Array.from({ length: 10 }, () =>
        store.change(testActor, async (tx) => {
          const locked = await tx.lockTenant(tenant.id);
          if (locked?.status === "active") return false;
          await tx.write.tenants.setStatus(tenant.id, "active");
          await tx.audit(entryOf(tenant.id, "tenant.activated"));
          return true;
        }),
      ),
    );
    expect(activations.filter(Boolean)).toHaveLength(1);
    expect(await trailOf(tenant.id)).toHaveLength(2);
  });

  test("the chain of a tenant is gapless under concurrency, and can be computed again from what is stored", async () => {
    const { store } = harness();
    const tenant = await givenTenant(store);
    await Promise.all(
      Array.from({ length: 15 }, (_, n) =>
        store.change(
          { type: "user", userId: randomUUID(), requestId: `r-${n}`, ip: "127.0.0.1" },
          async (tx) => {
            await tx.write.memberships.put({ tenantId: tenant.id, userId: randomUUID(), role: "member" });
            const metadata = { n, text: "é\u2028", nested: { b: [1.5, null], a: true } };
            await tx.audit({ ...entryOf(tenant.id, "member.set"), metadata });
          },
        ),
      ),
    );
    await expectIntactChain(harness(), tenant.id, 16);
    const moments = (await trailOf(tenant.id)).map(({ createdAt }) => createdAt);
    expect(moments).toEqual(moments.toSorted());
  });

  test("an override is replaced by its target, keeping id and age; what is removed is gone once", async () => {
    const { store } = harness();
    const tenant = await givenTenant(store);
    const put = (effect: "grant" | "deny") =>
      changeAs(store, tenant.id, (tx) =>
        tx.write.overrides.put({
          id: randomUUID(),
          tenantId: tenant.id,
          targetType: "feature",
          target: "chat",
          effect,
          expiresAt: at("2999-01-01T00:00:00"),
          reason: null,
        }),
      );
    const first = await put("grant");
    const second = await put("deny");
    expect(second).toEqual({ ...first, effect: "deny", updatedAt: second.updatedAt });
    const remove = (tenantId: string) =>
      store.change(testActor, async (tx) => {
        const removed = await tx.write.overrides.remove(tenantId, first.id);
        if (removed) await tx.audit(entryOf(tenantId, "override.removed"));
        return removed;
      });
    expect(await remove(randomUUID())).toBe(false);
    expect(await remove(tenant.id)).toBe(true);
    expect(await remove(tenant.id)).toBe(false);
  });
});

async function expectIntactChain({ dump, auditKeys }: StoreHarness, tenantId: string, length: number) {
  const { auditLog, auditHeads } = await dump();
  const trail = auditLog.filter(({ tenantRef }) => tenantRef === tenantId);
  expect(trail.map(({ seq }) => seq)).toEqual(Array.from({ length }, (_, n) => n + 1));
  let head = emptyHead;
  for (const { tenantId: _now, seq, hash, keyId, ...columns } of trail) {
    const again = chainEntry(auditKeys, head, columns);
    expect({ seq: again.seq, hash: again.hash, keyId: again.keyId }).toEqual({ seq, hash, keyId });
    head = { seq, hash };
  }
  expect(auditHeads.find(({ tenantRef }) => tenantRef === tenantId)).toMatchObject(head);
}
