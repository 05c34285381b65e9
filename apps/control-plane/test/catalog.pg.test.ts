import { comparable, newUser } from "@leftrail/auth/testing";
import { catalogItemSchema, entitlementBodySchema, trialBodySchema } from "@leftrail/contract";
import { changeAs, givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";

const dayMs = 86_400_000;

eachApp("catalog, trials and entitlements over HTTP", (app) => {
  const givenAdmin = async (status: "pending" | "active" | "cancelled" = "active") => {
    const as = newUser();
    const tenant = await givenTenant(app().harness.store, { status, members: { [as.userId]: "admin" } });
    return { as, tenant };
  };
  const startTrial = (as: ReturnType<typeof newUser>, tenant_id: string, product = "ai-chat") =>
    app().call("POST", "/v1/catalog/trial-request", { as, body: { tenant_id, product } });
  const availabilities = async (as: ReturnType<typeof newUser>, tenantId: string) => {
    const { body } = await app().call("GET", `/v1/catalog?tenant_id=${tenantId}`, { as });
    return Object.fromEntries(
      body.data.map((item: { product: string; availability: string }) => [item.product, item.availability]),
    );
  };

  describe("GET /v1/catalog", () => {
    test("200: the products with all their features, sorted by product, for any user", async () => {
      const { status, body } = await app().call("GET", "/v1/catalog", { as: newUser() });
      expect(status).toBe(200);
      expect(body.data.map((item: unknown) => catalogItemSchema.parse(item))).toMatchObject([
        { product: "ai-chat", features: ["chat", "chat_export", "chat_history"], trial_days: 14 },
        {
          product: "change-radar",
          features: ["change_alerts", "change_feed", "vendor_watch"],
          trial_days: null,
        },
      ]);
      expect(body.data[0]).not.toHaveProperty("availability");
    });

    test("200: page by page", async () => {
      const as = newUser();
      const first = await app().call("GET", "/v1/catalog?limit=1", { as });
      const second = await app().call("GET", `/v1/catalog?limit=1&cursor=${first.body.next_cursor}`, { as });
      expect(
        [...first.body.data, ...second.body.data].map((item: { product: string }) => item.product),
      ).toEqual(["ai-chat", "change-radar"]);
      expect(second.body.next_cursor).toBeNull();
    });

    test("200: with a tenant, what each product is to it", async () => {
      const { as, tenant } = await givenAdmin();
      expect(await availabilities(as, tenant.id)).toEqual({
        "ai-chat": "available",
        "change-radar": "available",
      });
      await startTrial(as, tenant.id);
      await changeAs(app().harness.store, tenant.id, (tx) =>
        tx.write.orders.insert({
          id: randomUUID(),
          tenantId: tenant.id,
          product: "change-radar",
          kind: "request",
          status: "requested",
          requestedBy: as.userId,
          note: null,
        }),
      );
      expect(await availabilities(as, tenant.id)).toEqual({
        "ai-chat": "trialing",
        "change-radar": "requested",
      });
    });

    test("404: a foreign tenant, just as none", async () => {
      const foreign = await givenTenant(app().harness.store);
      const as = newUser();
      for (const list of ["catalog", "entitlements"]) {
        const masked = await app().call("GET", `/v1/${list}?tenant_id=${foreign.id}`, { as });
        const random = await app().call("GET", `/v1/${list}?tenant_id=${randomUUID()}`, { as });
        expect(masked.status).toBe(404);
        expect(comparable(masked)).toEqual(comparable(random));
      }
    });
  });

  describe("POST /v1/catalog/trial-request", () => {
    test("201: a fulfilled order and an entitlement that ends after the product's trial days, one audit entry", async () => {
      const { as, tenant } = await givenAdmin();
      const answer = await startTrial(as, tenant.id.toUpperCase());
      expect(answer.status).toBe(201);
      const { order, entitlement } = trialBodySchema.parse(answer.body);
      expect(order).toMatchObject({
        tenant_id: tenant.id,
        product: "ai-chat",
        kind: "trial",
        status: "fulfilled",
        requested_by: as.userId,
      });
      expect(entitlement).toMatchObject({ source: "trial", status: "trialing", order_id: order.id });
      expect(Date.parse(entitlement.ends_at ?? "") - Date.parse(entitlement.starts_at)).toBe(14 * dayMs);
      const trail = (await app().harness.dump()).auditLog.filter(({ tenantRef }) => tenantRef === tenant.id);
      expect(trail.slice(1)).toMatchObject([
        { action: "catalog.trial_started", product: "ai-chat", actorId: as.userId },
      ]);
      const list = await app().call("GET", `/v1/entitlements?tenant_id=${tenant.id}`, { as });
      expect(list.body).toEqual({ data: [entitlement], next_cursor: null });
    });

    test("409: no trial is offered, a second trial, entitled already; nothing changes", async () => {
      const { as, tenant } = await givenAdmin();
      expect(await startTrial(as, tenant.id, "change-radar")).toMatchObject({ status: 409 });
      expect(await startTrial(as, tenant.id)).toMatchObject({ status: 201 });
      const before = await app().harness.dump();
      expect(await startTrial(as, tenant.id)).toMatchObject({ status: 409 });
      expect(await app().harness.dump()).toEqual(before);

      const entitled = await givenAdmin();
      await changeAs(app().harness.store, entitled.tenant.id, (tx) =>
        tx.write.entitlements.insert({
          id: randomUUID(),
          tenantId: entitled.tenant.id,
          product: "ai-chat",
          source: "purchase",
          startsAt: null,
          ends: null,
          orderId: null,
        }),
      );
      expect(await startTrial(entitled.as, entitled.tenant.id)).toMatchObject({ status: 409 });
    });

    test("409: of 20 at once, one gets the trial", async () => {
      const { as, tenant } = await givenAdmin();
      const answers = await Promise.all(Array.from({ length: 20 }, () => startTrial(as, tenant.id)));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    });

    test("409: a cancelled tenant; 201: a pending one", async () => {
      const cancelled = await givenAdmin("cancelled");
      expect(await startTrial(cancelled.as, cancelled.tenant.id)).toMatchObject({ status: 409 });
      const pending = await givenAdmin("pending");
      expect(await startTrial(pending.as, pending.tenant.id)).toMatchObject({ status: 201 });
    });

    test("403: a member; 404: a stranger, an unknown product before a missing right; 201: a platform admin", async () => {
      const member = newUser();
      const tenant = await givenTenant(app().harness.store, { members: { [member.userId]: "member" } });
      expect(await startTrial(member, tenant.id)).toMatchObject({ status: 403 });
      expect(await startTrial(member, tenant.id, "no-such-product")).toMatchObject({ status: 404 });
      const masked = await startTrial(newUser(), tenant.id);
      expect(masked.status).toBe(404);
      expect(comparable(masked)).toEqual(comparable(await startTrial(newUser(), randomUUID())));
      expect(await startTrial(platformAdmin, tenant.id)).toMatchObject({ status: 201 });
    });

    test.each([
      [{ product: "ai-chat" }, "/tenant_id"],
      [{ tenant_id: "x", product: "ai-chat" }, "/tenant_id"],
      [{ tenant_id: randomUUID() }, "/product"],
      [{ tenant_id: randomUUID(), product: "" }, "/product"],
      [{ tenant_id: randomUUID(), product: "x".repeat(201) }, "/product"],
      [{ tenant_id: randomUUID(), product: "ai-chat", note: "x" }, "/note"],
    ])("400: %j", async (body, pointer) => {
      expect(await app().call("POST", "/v1/catalog/trial-request", { as: newUser(), body })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer }] },
      });
    });
  });

  describe("GET /v1/entitlements", () => {
    test("200 for every member; 400 without a tenant", async () => {
      const member = newUser();
      const tenant = await givenTenant(app().harness.store, { members: { [member.userId]: "member" } });
      await startTrial(platformAdmin, tenant.id);
      const { status, body } = await app().call("GET", `/v1/entitlements?tenant_id=${tenant.id}`, {
        as: member,
      });
      expect(status).toBe(200);
      expect(body.data.map((row: unknown) => entitlementBodySchema.parse(row))).toHaveLength(1);
      expect(await app().call("GET", "/v1/entitlements", { as: member })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "?tenant_id", detail: "is required" }] },
      });
    });
  });
});
