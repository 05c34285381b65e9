import { newUser, type TestUser } from "@leftrail/auth/testing";
import { tenantBodySchema } from "@leftrail/contract";
import { givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";
import { actionsOf, expectNoChange, trailOf } from "./trail.ts";

eachApp("changing and deleting tenants over HTTP", (app) => {
  const store = () => app().harness.store;
  const patch = (id: string, body: unknown, as: TestUser = platformAdmin) =>
    app().call("PATCH", `/v1/tenants/${id}`, { as, body });
  const get = async (id: string) =>
    (await app().call("GET", `/v1/tenants/${id}`, { as: platformAdmin })).body;

  describe("PATCH /v1/tenants/{id}", () => {
    test("200: renamed by its admin, one of an ancestor and a platform admin, each with one audit entry", async () => {
      const [admin, above] = [newUser(), newUser()];
      const top = await givenTenant(store(), { members: { [above.userId]: "owner" } });
      const tenant = await givenTenant(store(), { parent: top, members: { [admin.userId]: "admin" } });
      for (const [n, as] of [admin, above, platformAdmin].entries()) {
        const answer = await patch(tenant.id.toUpperCase(), { name: `Name ${n}` }, as);
        expect(answer.status).toBe(200);
        const body = tenantBodySchema.parse(answer.body);
        expect(body).toMatchObject({ id: tenant.id, name: `Name ${n}`, parent_tenant_id: top.id });
        expect(await get(tenant.id)).toEqual(body);
      }
      expect(await trailOf(app().harness, tenant.id)).toMatchObject([
        {
          action: "tenant.updated",
          actorId: admin.userId,
          targetType: "tenant",
          targetId: tenant.id,
          metadata: { from: { name: tenant.name }, to: { name: "Name 0" } },
        },
        { actorId: above.userId },
        { actorId: platformAdmin.userId },
      ]);
    });

    test("200: moved by a platform admin, below another tenant and out again", async () => {
      const [parent, tenant] = [await givenTenant(store()), await givenTenant(store())];
      const moved = await patch(tenant.id, { parent_tenant_id: parent.id.toUpperCase(), name: "Both" });
      expect(moved).toMatchObject({ status: 200, body: { parent_tenant_id: parent.id, name: "Both" } });
      const out = await patch(tenant.id, { parent_tenant_id: null });
      expect(out).toMatchObject({ status: 200, body: { parent_tenant_id: null, name: "Both" } });
      expect((await trailOf(app().harness, tenant.id)).map(({ metadata }) => metadata)).toEqual([
        {
          from: { name: tenant.name, parent_tenant_id: null },
          to: { name: "Both", parent_tenant_id: parent.id },
        },
        { from: { parent_tenant_id: parent.id }, to: { parent_tenant_id: null } },
      ]);
    });

    test("200 without an audit entry: nothing given, or what is there already, the parent by a tenant admin too", async () => {
      const admin = newUser();
      const parent = await givenTenant(store());
      const tenant = await givenTenant(store(), { parent, members: { [admin.userId]: "admin" } });
      const before = await get(tenant.id);
      for (const body of [{}, { name: tenant.name }, { name: tenant.name, parent_tenant_id: parent.id }]) {
        const answer = await expectNoChange(app().harness, () => patch(tenant.id, body, admin));
        expect(answer).toMatchObject({ status: 200, body: before });
      }
    });

    test("403: a member may not, and only a platform admin may change the parent", async () => {
      const [owner, member] = [newUser(), newUser()];
      const parent = await givenTenant(store(), { members: { [owner.userId]: "owner" } });
      const tenant = await givenTenant(store(), {
        members: { [owner.userId]: "owner", [member.userId]: "member" },
      });
      await expectNoChange(app().harness, async () => {
        expect(await patch(tenant.id, { name: "x" }, member)).toMatchObject({ status: 403 });
        expect(await patch(tenant.id, { parent_tenant_id: parent.id }, owner)).toMatchObject({ status: 403 });
      });
      const child = await givenTenant(store(), { parent, members: { [owner.userId]: "owner" } });
      expect(await patch(child.id, { parent_tenant_id: null }, owner)).toMatchObject({ status: 403 });
      // Also where the state would not allow it.
      await app().call("POST", `/v1/tenants/${child.id}/cancel`, { as: owner });
      expect(await patch(child.id, { parent_tenant_id: null }, owner)).toMatchObject({ status: 403 });
    });

    test("404: the tenant, or the parent, is none that the caller sees", async () => {
      const tenant = await givenTenant(store());
      expect(await patch(tenant.id, { name: "x" }, newUser())).toMatchObject({ status: 404 });
      expect(await patch(randomUUID(), { name: "x" })).toMatchObject({ status: 404 });
      expect(await patch(tenant.id, { parent_tenant_id: randomUUID() })).toMatchObject({ status: 404 });
    });

    test("409: below itself, at any depth, below a cancelled tenant, and a cancelled tenant", async () => {
      const top = await givenTenant(store());
      const middle = await givenTenant(store(), { parent: top });
      const bottom = await givenTenant(store(), { parent: middle });
      const cancelled = await givenTenant(store(), { status: "cancelled" });
      await expectNoChange(app().harness, async () => {
        for (const parent of [top, middle, bottom, cancelled]) {
          const answer = await patch(top.id, { parent_tenant_id: parent.id });
          expect(answer).toMatchObject({ status: 409, body: { code: "conflict" } });
        }
        expect(await patch(cancelled.id, { name: "x" })).toMatchObject({ status: 409 });
      });
    });

    test.each([
      [{ name: "" }, "/name"],
      [{ name: null }, "/name"],
      [{ name: "x".repeat(201) }, "/name"],
      [{ parent_tenant_id: "x" }, "/parent_tenant_id"],
      [{ slug: "other" }, "/slug"],
      [{ status: "active" }, "/status"],
      [[], ""],
    ])("400: %j", async (body, pointer) => {
      expect(await patch(randomUUID(), body, newUser())).toMatchObject({
        status: 400,
        body: { errors: [{ pointer }] },
      });
    });

    test("of two moves at once that would close a circle, one is 409, also through tenants that neither moves", async () => {
      for (let round = 0; round < 5; round++) {
        const [a, b] = [await givenTenant(store()), await givenTenant(store())];
        const [belowA, belowB] = [
          await givenTenant(store(), { parent: a }),
          await givenTenant(store(), { parent: b }),
        ];
        const answers = await Promise.all([
          patch(a.id, { parent_tenant_id: round % 2 === 0 ? belowB.id : b.id }),
          patch(b.id, { parent_tenant_id: round % 2 === 0 ? belowA.id : a.id }),
        ]);
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
        const parents = [(await get(a.id)).parent_tenant_id, (await get(b.id)).parent_tenant_id];
        expect(parents.filter((parent) => parent === null)).toHaveLength(1);
      }
    });

    test("of 20 at once with one new name, all are 200 and one is audited", async () => {
      const tenant = await givenTenant(store());
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => patch(tenant.id, { name: "The same" })),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await actionsOf(app().harness, tenant.id)).toEqual(["tenant.updated"]);
    });
  });

  describe("DELETE /v1/tenants/{id}", () => {
    const remove = (id: string, as: TestUser = platformAdmin) =>
      app().call("DELETE", `/v1/tenants/${id}`, { as });

    test("204: all its rows go, its trail stays and gets its last entry; repeated, 404", async () => {
      const owner = newUser();
      const tenant = await givenTenant(store(), { members: { [owner.userId]: "owner" } });
      const neighbour = await givenTenant(store(), { members: { [owner.userId]: "owner" } });
      await app().call("POST", "/v1/catalog/trial-request", {
        as: owner,
        body: { tenant_id: tenant.id, product: "ai-chat" },
      });
      await app().call("PUT", "/v1/overrides", {
        as: platformAdmin,
        body: { tenant_id: tenant.id, target_type: "feature", target: "chat", effect: "deny" },
      });
      await app().call("POST", `/v1/tenants/${tenant.id}/cancel`, { as: owner });

      const answer = await remove(tenant.id.toUpperCase());
      expect(answer).toMatchObject({ status: 204, text: "" });
      const dump = await app().harness.dump();
      expect(JSON.stringify(dump.rows)).not.toContain(tenant.id);
      expect(JSON.stringify(dump.rows)).toContain(neighbour.id);
      const trail = await trailOf(app().harness, tenant.id);
      expect(trail.map(({ action }) => action)).toEqual([
        "catalog.trial_started",
        "override.set",
        "tenant.cancelled",
        "tenant.deleted",
      ]);
      expect(trail.map(({ tenantId }) => tenantId)).toEqual([null, null, null, null]);
      expect(trail.at(-1)).toMatchObject({
        actorId: platformAdmin.userId,
        targetType: "tenant",
        targetId: tenant.id,
        metadata: { slug: tenant.slug, name: tenant.name, parent_tenant_id: null },
      });
      await expectNoChange(app().harness, async () => {
        expect(await remove(tenant.id)).toMatchObject({ status: 404 });
      });
    });

    test("403 for who sees it, its owner included; 404 for who does not", async () => {
      const owner = newUser();
      const members = { [owner.userId]: "owner" as const };
      const tenant = await givenTenant(store(), { status: "cancelled", members });
      const active = await givenTenant(store(), { members });
      await expectNoChange(app().harness, async () => {
        for (const { id } of [tenant, active]) {
          expect(await remove(id, owner)).toMatchObject({ status: 403, body: { code: "forbidden" } });
        }
        expect(await remove(tenant.id, newUser())).toMatchObject({ status: 404 });
        expect(await remove(randomUUID())).toMatchObject({ status: 404 });
      });
    });

    test("409: pending, active, or with others below it, cancelled ones too", async () => {
      const parent = await givenTenant(store(), { status: "cancelled" });
      const child = await givenTenant(store(), { parent, status: "cancelled" });
      const rest = [
        await givenTenant(store(), { status: "pending" }),
        await givenTenant(store(), { status: "active" }),
      ];
      await expectNoChange(app().harness, async () => {
        expect(await remove(parent.id)).toMatchObject({
          status: 409,
          body: { code: "conflict", detail: "The tenant has other tenants below it." },
        });
        for (const { id } of rest) {
          expect(await remove(id)).toMatchObject({ status: 409, body: { code: "conflict" } });
        }
      });
      expect(await remove(child.id)).toMatchObject({ status: 204 });
      expect(await remove(parent.id)).toMatchObject({ status: 204 });
    });

    test("of 20 at once, one is 204 and 19 are 404", async () => {
      const tenant = await givenTenant(store(), { status: "cancelled" });
      const answers = await Promise.all(Array.from({ length: 20 }, () => remove(tenant.id)));
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 404)).toHaveLength(19);
      expect(await actionsOf(app().harness, tenant.id)).toEqual(["tenant.deleted"]);
    });
  });
});
