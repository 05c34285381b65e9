import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { NewEntitlement } from "../src/port/entitlements.ts";
import type { NewOrder } from "../src/port/orders.ts";
import { at, changeAs, eachStore, givenTenant } from "../src/testing/index.ts";

eachStore("what two requests could break together", (harness) => {
  const order = (tenantId: string, fields: Partial<NewOrder>) =>
    changeAs(harness().store, tenantId, (tx) =>
      tx.write.orders.insert({
        id: randomUUID(),
        tenantId,
        product: "ai-chat",
        kind: "request",
        status: "requested",
        requestedBy: randomUUID(),
        note: null,
        ...fields,
      }),
    );
  const entitlement = (tenantId: string, fields: Partial<NewEntitlement> = {}) =>
    changeAs(harness().store, tenantId, (tx) =>
      tx.write.entitlements.insert({
        id: randomUUID(),
        tenantId,
        product: "ai-chat",
        source: "purchase",
        startsAt: null,
        ends: null,
        orderId: null,
        ...fields,
      }),
    );
  const conflict = { code: "conflict" };

  test("one open request for each tenant and product; a decided one makes room", async () => {
    const { id } = await givenTenant(harness().store);
    const first = await order(id, {});
    await expect(order(id, {})).rejects.toMatchObject(conflict);
    await order(id, { product: "change-radar" });
    await changeAs(harness().store, id, (tx) => tx.write.orders.decide(first.id, "rejected"));
    await order(id, {});
  });

  test("one trial ever for each tenant and product, whatever became of it", async () => {
    const { id } = await givenTenant(harness().store);
    await order(id, { kind: "trial", status: "rejected" });
    await expect(order(id, { kind: "trial", status: "fulfilled" })).rejects.toMatchObject(conflict);
    await order((await givenTenant(harness().store)).id, { kind: "trial", status: "fulfilled" });
  });

  test("no two entitlements to one product at a time; one may begin in the moment in which another ends", async () => {
    const { id } = await givenTenant(harness().store);
    const [from, until] = [at("2990-01-01T00:00:00"), at("2991-01-01T00:00:00")];
    await entitlement(id, { startsAt: from, ends: { at: until } });
    await expect(entitlement(id)).rejects.toMatchObject(conflict);
    await expect(entitlement(id, { startsAt: from, ends: { afterDays: 1 } })).rejects.toMatchObject(conflict);
    await entitlement(id, { startsAt: until });
    await entitlement(id, { ends: { at: from } });
    await entitlement(id, { product: "change-radar" });
  });
});
