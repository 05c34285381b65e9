import { newUser, type TestUser } from "@leftrail/auth/testing";
import { memberBodySchema, type Role } from "@leftrail/contract";
import { givenTenant, type TenantSetup } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";
import { actionsOf, expectNoChange, trailOf } from "./trail.ts";

eachApp("members over HTTP", (app) => {
  const givenTeam = async (setup: TenantSetup = {}) => {
    const [owner, admin, member] = [newUser(), newUser(), newUser()];
    const members: Record<string, Role> = {
      [owner.userId]: "owner",
      [admin.userId]: "admin",
      [member.userId]: "member",
    };
    const tenant = await givenTenant(app().harness.store, { ...setup, members });
    return { tenant, owner, admin, member };
  };
  const list = (id: string, as: TestUser, query = "") =>
    app().call("GET", `/v1/tenants/${id}/members${query}`, { as });
  const put = (id: string, user: TestUser, role: unknown, as: TestUser) =>
    app().call("PUT", `/v1/tenants/${id}/members/${user.userId}`, { as, body: { role } });
  const remove = (id: string, user: TestUser, as: TestUser) =>
    app().call("DELETE", `/v1/tenants/${id}/members/${user.userId}`, { as });
  const roleOf = async (tenantId: string, { userId }: TestUser) =>
    (await app().harness.store.read.memberships.find(tenantId, userId))?.role;

  describe("GET /v1/tenants/{id}/members", () => {
    test("200 for tenant admins, sorted by user id, page by page, without those from above", async () => {
      const above = newUser();
      const parent = await givenTenant(app().harness.store, { members: { [above.userId]: "admin" } });
      const { tenant, owner, admin, member } = await givenTeam({ parent });
      const userIds = [owner, admin, member].map(({ userId }) => userId).toSorted();
      for (const as of [owner, admin, above, platformAdmin]) {
        const seen: string[] = [];
        let cursor: string | null = "";
        while (cursor !== null) {
          const { status, body } = await list(tenant.id, as, `?limit=1${cursor && `&cursor=${cursor}`}`);
          expect(status).toBe(200);
          seen.push(memberBodySchema.parse(body.data[0]).user_id);
          cursor = body.next_cursor;
        }
        expect(seen).toEqual(userIds);
      }
    });

    test("403 for a member, 404 for a stranger, 400 for a cursor of another tenant", async () => {
      const { tenant, owner, member } = await givenTeam();
      expect(await list(tenant.id, member)).toMatchObject({ status: 403, body: { code: "forbidden" } });
      expect(await list(tenant.id, newUser())).toMatchObject({ status: 404 });
      const other = await givenTenant(app().harness.store, { members: { [owner.userId]: "owner" } });
      const { body } = await list(tenant.id, owner, "?limit=1");
      expect(await list(other.id, owner, `?cursor=${body.next_cursor}`)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "?cursor" }] },
      });
    });
  });

  describe("PUT /v1/tenants/{id}/members/{user_id}", () => {
    test("200: a new member and another role, each with one audit entry; the same again with none", async () => {
      const { tenant, admin } = await givenTeam();
      const user = newUser();
      const added = await put(
        tenant.id.toUpperCase(),
        { userId: user.userId.toUpperCase() },
        "member",
        admin,
      );
      expect(added.status).toBe(200);
      expect(memberBodySchema.parse(added.body)).toMatchObject({
        tenant_id: tenant.id,
        user_id: user.userId,
        role: "member",
      });
      const again = await expectNoChange(app().harness, () => put(tenant.id, user, "member", admin));
      expect(again).toMatchObject({ status: 200, body: added.body });
      const raised = await put(tenant.id, user, "admin", admin);
      expect(raised).toMatchObject({ status: 200, body: { ...added.body, role: "admin" } });
      expect(await trailOf(app().harness, tenant.id)).toMatchObject([
        {
          action: "member.set",
          actorId: admin.userId,
          targetType: "user",
          targetId: user.userId,
          metadata: { from: null, role: "member" },
        },
        { action: "member.set", metadata: { from: "member", role: "admin" } },
      ]);
    });

    test("200: an owner and a platform admin grant and take `owner`", async () => {
      const { tenant, owner, admin } = await givenTeam();
      for (const as of [owner, platformAdmin]) {
        expect(await put(tenant.id, admin, "owner", as)).toMatchObject({ status: 200 });
        expect(await put(tenant.id, admin, "admin", as)).toMatchObject({ status: 200 });
      }
    });

    test("403: a member changes nobody; an admin, and an owner above, neither make nor unmake an owner", async () => {
      const above = newUser();
      const parent = await givenTenant(app().harness.store, { members: { [above.userId]: "owner" } });
      const { tenant, owner, admin, member } = await givenTeam({ parent });
      await put(tenant.id, newUser(), "owner", owner);
      await expectNoChange(app().harness, async () => {
        expect(await put(tenant.id, member, "admin", member)).toMatchObject({ status: 403 });
        for (const as of [admin, above]) {
          expect(await put(tenant.id, as, "owner", as)).toMatchObject({ status: 403 });
          expect(await put(tenant.id, owner, "admin", as)).toMatchObject({ status: 403 });
        }
      });
    });

    test("404 for a stranger; 409: the last owner, a cancelled tenant", async () => {
      const { tenant, owner } = await givenTeam();
      const cancelled = await givenTeam({ status: "cancelled" });
      await expectNoChange(app().harness, async () => {
        expect(await put(tenant.id, owner, "admin", newUser())).toMatchObject({ status: 404 });
        for (const as of [owner, platformAdmin]) {
          expect(await put(tenant.id, owner, "member", as)).toMatchObject({ status: 409 });
        }
        expect(await put(cancelled.tenant.id, newUser(), "member", cancelled.owner)).toMatchObject({
          status: 409,
        });
      });
    });

    test.each(["boss", "Owner", null, undefined, 1])("400: the role %j", async (role) => {
      expect(await put(randomUUID(), newUser(), role, newUser())).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "/role" }] },
      });
    });
  });

  describe("DELETE /v1/tenants/{id}/members/{user_id}", () => {
    test("204 with one audit entry; repeated, 404 without; of a cancelled tenant too", async () => {
      for (const status of ["active", "cancelled"] as const) {
        const { tenant, admin, member } = await givenTeam({ status });
        expect(await remove(tenant.id, member, admin)).toMatchObject({ status: 204, text: "" });
        expect(await roleOf(tenant.id, member)).toBeUndefined();
        await expectNoChange(app().harness, async () => {
          expect(await remove(tenant.id, member, admin)).toMatchObject({ status: 404 });
        });
        expect(await trailOf(app().harness, tenant.id)).toMatchObject([
          {
            action: "member.removed",
            targetType: "user",
            targetId: member.userId,
            metadata: { from: "member" },
          },
        ]);
      }
    });

    test("204: one of two owners goes, by their own hand too, and afterwards sees nothing", async () => {
      const { tenant, owner } = await givenTeam();
      const second = newUser();
      await put(tenant.id, second, "owner", owner);
      expect(await remove(tenant.id, owner, owner)).toMatchObject({ status: 204 });
      expect(await list(tenant.id, owner)).toMatchObject({ status: 404 });
      expect(await list(tenant.id, second)).toMatchObject({ status: 200 });
    });

    test("403: a member removes nobody and learns of nobody; an admin and an owner above remove no owner", async () => {
      const above = newUser();
      const parent = await givenTenant(app().harness.store, { members: { [above.userId]: "owner" } });
      const { tenant, owner, admin, member } = await givenTeam({ parent });
      await put(tenant.id, newUser(), "owner", owner);
      await expectNoChange(app().harness, async () => {
        for (const user of [member, admin, newUser()]) {
          expect(await remove(tenant.id, user, member)).toMatchObject({ status: 403 });
        }
        for (const as of [admin, above]) {
          expect(await remove(tenant.id, owner, as)).toMatchObject({ status: 403 });
        }
      });
    });

    test("404 for a stranger; 409: the last owner stays, in a cancelled tenant too", async () => {
      const { tenant, owner } = await givenTeam();
      const cancelled = await givenTeam({ status: "cancelled" });
      await expectNoChange(app().harness, async () => {
        expect(await remove(tenant.id, owner, newUser())).toMatchObject({ status: 404 });
        for (const as of [owner, platformAdmin]) {
          expect(await remove(tenant.id, owner, as)).toMatchObject({ status: 409 });
          expect(await remove(cancelled.tenant.id, cancelled.owner, platformAdmin)).toMatchObject({
            status: 409,
          });
        }
      });
    });

    test("of two at once that take the last two owners away, one is 409", async () => {
      for (let round = 0; round < 5; round++) {
        const { tenant, owner } = await givenTeam();
        const second = newUser();
        await put(tenant.id, second, "owner", owner);
        const answers = await Promise.all([
          remove(tenant.id, owner, platformAdmin),
          round % 2 === 0
            ? remove(tenant.id, second, platformAdmin)
            : put(tenant.id, second, "member", platformAdmin),
        ]);
        expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
        expect(await app().harness.store.read.memberships.countOwners(tenant.id)).toBe(1);
        expect(await actionsOf(app().harness, tenant.id)).toHaveLength(2);
      }
    });

    test("of two owners who remove each other at once, one stays", async () => {
      for (let round = 0; round < 5; round++) {
        const { tenant, owner } = await givenTeam();
        const second = newUser();
        await put(tenant.id, second, "owner", owner);
        const answers = await Promise.all([
          remove(tenant.id, owner, second),
          remove(tenant.id, second, owner),
        ]);
        // The loser was the last owner by then, or already a stranger, as it happened to be asked.
        const [first, loser = 0] = answers.map(({ status }) => status).toSorted((a, b) => a - b);
        expect(first).toBe(204);
        expect([404, 409]).toContain(loser);
        expect(await app().harness.store.read.memberships.countOwners(tenant.id)).toBe(1);
      }
    });
  });
});
