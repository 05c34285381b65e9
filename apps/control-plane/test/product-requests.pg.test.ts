import { newUser } from "@leftrail/auth/testing";
import { orderBodySchema } from "@leftrail/contract";
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";
import { orderCalls } from "./order-calls.ts";
import { actionsOf, expectNoChange, trailOf } from "./trail.ts";

eachApp("POST /v1/catalog/request", (app) => {
  const { request, givenAdmin, givenOrder, startTrial, decide, entitle } = orderCalls(app);

  test("201: an open order with its note, one audit entry, and the catalog says so", async () => {
    const { as, tenant } = await givenAdmin();
    const answer = await request(as, tenant.id.toUpperCase(), "change-radar", { note: "Für Köln" });
    expect(answer.status).toBe(201);
    const order = orderBodySchema.parse(answer.body);
    expect(order).toMatchObject({
      tenant_id: tenant.id,
      product: "change-radar",
      kind: "request",
      status: "requested",
      requested_by: as.userId,
      note: "Für Köln",
      decided_at: null,
    });
    expect(await trailOf(app().harness, tenant.id)).toMatchObject([
      {
        action: "catalog.requested",
        product: "change-radar",
        actorId: as.userId,
        targetType: "order",
        targetId: order.id,
        metadata: { note: "Für Köln" },
      },
    ]);
    const catalog = await app().call("GET", `/v1/catalog?tenant_id=${tenant.id}`, { as });
    expect(catalog.body.data).toMatchObject([{ availability: "available" }, { availability: "requested" }]);
  });

  test("201: while a trial runs, for a pending tenant, by a platform admin, once more after a rejection", async () => {
    const { as, tenant } = await givenAdmin("pending");
    expect(await startTrial(as, tenant.id)).toMatchObject({ status: 201 });
    const order = await givenOrder(platformAdmin, tenant.id);
    await decide("reject", order.id);
    expect(await request(as, tenant.id, "ai-chat", { note: null })).toMatchObject({
      status: 201,
      body: { note: null },
    });
  });

  test("409: an open request, entitled already, a cancelled tenant; nothing changes", async () => {
    const [open, entitled, cancelled] = [
      await givenAdmin(),
      await givenAdmin(),
      await givenAdmin("cancelled"),
    ];
    await givenOrder(open.as, open.tenant.id);
    await entitle(entitled.tenant.id);
    await expectNoChange(app().harness, async () => {
      for (const { as, tenant } of [open, entitled, cancelled]) {
        expect(await request(as, tenant.id)).toMatchObject({ status: 409, body: { code: "conflict" } });
      }
    });
  });

  test("409: of 20 at once, one is 201", async () => {
    const { as, tenant } = await givenAdmin();
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(as, tenant.id)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect(await actionsOf(app().harness, tenant.id)).toEqual(["catalog.requested"]);
  });

  test("403: a member; 404: a stranger, and an unknown product before a missing right", async () => {
    const { as, member, tenant } = await givenAdmin();
    expect(await request(member, tenant.id)).toMatchObject({ status: 403 });
    expect(await request(newUser(), tenant.id)).toMatchObject({ status: 404 });
    for (const caller of [as, member]) {
      expect(await request(caller, tenant.id, "no-such-product")).toMatchObject({ status: 404 });
    }
  });

  test.each([
    [{ product: "ai-chat" }, "/tenant_id"],
    [{ tenant_id: randomUUID() }, "/product"],
    [{ tenant_id: randomUUID(), product: "ai-chat", note: 1 }, "/note"],
    [{ tenant_id: randomUUID(), product: "ai-chat", note: "x".repeat(2001) }, "/note"],
    [{ tenant_id: randomUUID(), product: "ai-chat", status: "fulfilled" }, "/status"],
  ])("400: %j", async (body, pointer) => {
    expect(await app().call("POST", "/v1/catalog/request", { as: newUser(), body })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
  });
});
