import { newUser } from "@leftrail/auth/testing";
import { orderBodySchema, type OrderBody } from "@leftrail/contract";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";
import { orderCalls } from "./order-calls.ts";
import { actionsOf, expectNoChange, trailOf } from "./trail.ts";

eachApp("orders over HTTP", (app) => {
  const { givenAdmin, givenOrder, startTrial, decide, entitle } = orderCalls(app);
  const read = async (list: "orders" | "entitlements", tenantId: string) =>
    (await app().call("GET", `/v1/${list}?tenant_id=${tenantId}`, { as: platformAdmin })).body.data;

  describe("GET /v1/orders", () => {
    test("200 for every member, newest first, page by page, by status", async () => {
      const { as, member, tenant } = await givenAdmin();
      const rejected = await givenOrder(as, tenant.id);
      await decide("reject", rejected.id);
      const radar = await givenOrder(as, tenant.id, "change-radar");
      const chat = await givenOrder(as, tenant.id);
      const get = async (query: string) =>
        (await app().call("GET", `/v1/orders?tenant_id=${tenant.id}${query}`, { as: member })).body;
      expect((await get("")).data.map(({ id }: OrderBody) => id)).toEqual([chat.id, radar.id, rejected.id]);
      const first = await get("&status=requested&limit=1");
      const second = await get(`&status=requested&limit=1&cursor=${first.next_cursor}`);
      expect([first.data, second]).toEqual([[chat], { data: [radar], next_cursor: null }]);
      expect(await get("&status=fulfilled")).toEqual({ data: [], next_cursor: null });
      expect(await get(`&status=rejected&cursor=${first.next_cursor}`)).toMatchObject({ status: 400 });
    });

    test("400: no tenant, a status that is none; 404: a stranger", async () => {
      const { as, tenant } = await givenAdmin();
      const get = (query: string, caller = as) => app().call("GET", `/v1/orders${query}`, { as: caller });
      expect(await get("")).toMatchObject({ status: 400, body: { errors: [{ pointer: "?tenant_id" }] } });
      expect(await get(`?tenant_id=${tenant.id}&status=open`)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "?status" }] },
      });
      expect(await get(`?tenant_id=${tenant.id}`, newUser())).toMatchObject({ status: 404 });
    });
  });

  describe("POST /v1/orders/{id}/approve", () => {
    test("200: the order is fulfilled and the tenant entitled, open-ended, with one audit entry", async () => {
      const { as, tenant } = await givenAdmin();
      const open = await givenOrder(as, tenant.id);
      const answer = await decide("approve", open.id.toUpperCase());
      expect(answer.status).toBe(200);
      const order = orderBodySchema.parse(answer.body);
      expect(order).toEqual({ ...open, status: "fulfilled", decided_at: expect.any(String) });
      expect(await read("orders", tenant.id)).toEqual([order]);
      const entitlements = await read("entitlements", tenant.id);
      expect(entitlements).toMatchObject([
        { product: "ai-chat", source: "purchase", status: "active", ends_at: null, order_id: order.id },
      ]);
      expect((await trailOf(app().harness, tenant.id)).slice(1)).toMatchObject([
        {
          action: "order.approved",
          product: "ai-chat",
          actorId: platformAdmin.userId,
          targetType: "order",
          targetId: order.id,
          metadata: { entitlement_id: entitlements[0].id, ended_trial_id: null },
        },
      ]);
    });

    test("200: a running trial ends in the moment in which the purchase begins", async () => {
      const { as, tenant } = await givenAdmin();
      const trial = (await startTrial(as, tenant.id)).body.entitlement;
      const order = await givenOrder(as, tenant.id);
      expect(await decide("approve", order.id)).toMatchObject({ status: 200 });
      const [purchase, ended] = await read("entitlements", tenant.id);
      expect(ended).toMatchObject({ id: trial.id, status: "expired" });
      expect(purchase).toMatchObject({ status: "active", starts_at: ended.ends_at, ends_at: null });
      expect(
        (await trailOf(app().harness, tenant.id)).map(({ action, metadata }) => [action, metadata]),
      ).toEqual([
        ["catalog.trial_started", expect.anything()],
        ["catalog.requested", expect.anything()],
        ["order.approved", { entitlement_id: purchase.id, ended_trial_id: trial.id }],
      ]);
    });

    test("409: entitled already or from some day on, decided already, a cancelled tenant; nothing changes", async () => {
      const given = await Promise.all(Array.from({ length: 5 }, () => givenAdmin()));
      const orders = await Promise.all(given.map(({ as, tenant }) => givenOrder(as, tenant.id)));
      const [entitled = "", scheduled = "", cancelled = "", rejected = "", approved = ""] = given.map(
        ({ tenant }) => tenant.id,
      );
      await entitle(entitled);
      await entitle(scheduled, "later");
      await app().call("POST", `/v1/tenants/${cancelled}/cancel`, { as: platformAdmin });
      for (const order of orders) {
        if (order.tenant_id === rejected) await decide("reject", order.id);
        if (order.tenant_id === approved) await decide("approve", order.id);
      }
      await expectNoChange(app().harness, async () => {
        for (const { id } of orders) {
          expect(await decide("approve", id)).toMatchObject({ status: 409, body: { code: "conflict" } });
        }
      });
    });

    test("of 20 at once, one is 200 and 19 are 409, with one entitlement and one audit entry", async () => {
      const { as, tenant } = await givenAdmin();
      await startTrial(as, tenant.id);
      const { id } = await givenOrder(as, tenant.id);
      const answers = await Promise.all(Array.from({ length: 20 }, () => decide("approve", id)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
      expect(await read("entitlements", tenant.id)).toHaveLength(2);
      expect((await actionsOf(app().harness, tenant.id)).slice(2)).toEqual(["order.approved"]);
    });

    test("racing a rejection, one of them is 409, and entitlement, order and trail agree", async () => {
      for (let round = 0; round < 5; round++) {
        const { as, tenant } = await givenAdmin();
        const { id } = await givenOrder(as, tenant.id);
        const [approved, rejected] = await Promise.all([decide("approve", id), decide("reject", id)]);
        const isApproved = approved.status === 200;
        expect([approved.status, rejected.status]).toEqual(isApproved ? [200, 409] : [409, 200]);
        expect(await read("entitlements", tenant.id)).toHaveLength(isApproved ? 1 : 0);
        expect(await read("orders", tenant.id)).toMatchObject([
          { status: isApproved ? "fulfilled" : "rejected" },
        ]);
        expect(await actionsOf(app().harness, tenant.id)).toEqual([
          "catalog.requested",
          isApproved ? "order.approved" : "order.rejected",
        ]);
      }
    });
  });

  describe("POST /v1/orders/{id}/reject", () => {
    test("200: closed with one audit entry, and nothing is given", async () => {
      const { as, tenant } = await givenAdmin();
      const open = await givenOrder(as, tenant.id);
      const answer = await decide("reject", open.id);
      expect(answer).toMatchObject({
        status: 200,
        body: { ...open, status: "rejected", decided_at: expect.any(String) },
      });
      expect(await read("entitlements", tenant.id)).toEqual([]);
      expect((await trailOf(app().harness, tenant.id)).slice(1)).toMatchObject([
        { action: "order.rejected", product: "ai-chat", targetType: "order", targetId: open.id },
      ]);
    });

    test("409: decided already, a trial's order, a cancelled tenant; nothing changes", async () => {
      const { as, tenant } = await givenAdmin();
      const trial = (await startTrial(as, tenant.id)).body.order;
      const { id } = await givenOrder(as, tenant.id);
      await decide("reject", id);
      const cancelled = await givenAdmin();
      const left = await givenOrder(cancelled.as, cancelled.tenant.id);
      await app().call("POST", `/v1/tenants/${cancelled.tenant.id}/cancel`, { as: platformAdmin });
      await expectNoChange(app().harness, async () => {
        for (const orderId of [id, trial.id, left.id]) {
          expect(await decide("reject", orderId)).toMatchObject({ status: 409, body: { code: "conflict" } });
        }
      });
    });

    test("403 for who sees the order, the tenant's admins too; 404 for who does not", async () => {
      const { as, member, tenant } = await givenAdmin();
      const { id } = await givenOrder(as, tenant.id);
      await expectNoChange(app().harness, async () => {
        for (const decision of ["approve", "reject"] as const) {
          for (const caller of [as, member]) {
            expect(await decide(decision, id, caller)).toMatchObject({ status: 403 });
          }
          expect(await decide(decision, id, newUser())).toMatchObject({ status: 404 });
          expect(await decide(decision, randomUUID())).toMatchObject({ status: 404 });
        }
      });
    });
  });
});
