import { newUser, type TestUser } from "@leftrail/auth/testing";
import { overrideBodySchema, type OverrideBody } from "@leftrail/contract";
import { givenTenant, type TenantSetup } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";
import { actionsOf, expectNoChange, trailOf } from "./trail.ts";

eachApp("overrides over HTTP", (app) => {
  const givenTeam = async (status: NonNullable<TenantSetup["status"]> = "active") => {
    const [admin, member] = [newUser(), newUser()];
    const members = { [admin.userId]: "admin", [member.userId]: "member" } as const;
    return { admin, member, tenant: await givenTenant(app().harness.store, { status, members }) };
  };
  const grantChat = { target_type: "feature", target: "chat", effect: "grant" };
  const put = (tenant_id: string, rest: object = grantChat, as: TestUser = platformAdmin) =>
    app().call("PUT", "/v1/overrides", { as, body: { tenant_id, ...rest } });
  const remove = (id: string, as: TestUser = platformAdmin) =>
    app().call("DELETE", `/v1/overrides/${id}`, { as });
  const list = (tenantId: string, as: TestUser, query = "") =>
    app().call("GET", `/v1/overrides?tenant_id=${tenantId}${query}`, { as });

  describe("PUT /v1/overrides", () => {
    test("201 new, 200 replaced with the same id, each with one audit entry; 200 unchanged without", async () => {
      const { tenant, admin } = await givenTeam();
      const made = await put(tenant.id.toUpperCase(), {
        ...grantChat,
        expires_at: "2100-01-01T01:00:00.123456+01:00",
        reason: "A pilot",
      });
      expect(made.status).toBe(201);
      const first = overrideBodySchema.parse(made.body);
      expect(first).toMatchObject({
        tenant_id: tenant.id,
        ...grantChat,
        expires_at: "2100-01-01T00:00:00.123Z",
        reason: "A pilot",
      });
      expect((await list(tenant.id, admin)).body).toEqual({ data: [first], next_cursor: null });

      const replaced = await put(tenant.id, { ...grantChat, effect: "deny" });
      expect(replaced).toMatchObject({
        status: 200,
        body: { id: first.id, created_at: first.created_at, effect: "deny", expires_at: null, reason: null },
      });
      const again = await expectNoChange(app().harness, () =>
        put(tenant.id, { ...grantChat, effect: "deny", expires_at: null, reason: null }),
      );
      expect(again).toMatchObject({ status: 200, body: replaced.body });
      const grant = { effect: "grant", expires_at: "2100-01-01T00:00:00.123Z", reason: "A pilot" };
      const deny = { effect: "deny", expires_at: null, reason: null };
      const target = { target_type: "feature", target: "chat" };
      expect(await trailOf(app().harness, tenant.id)).toMatchObject([
        {
          action: "override.set",
          product: null,
          targetType: "override",
          targetId: first.id,
          metadata: { ...target, from: null, to: grant },
        },
        { action: "override.set", targetId: first.id, metadata: { ...target, from: grant, to: deny } },
      ]);
    });

    test("200 with an audit entry where the effect, the end or the reason alone differs", async () => {
      const { tenant } = await givenTeam();
      const term = { ...grantChat, expires_at: "2100-01-01T00:00:00Z", reason: "A pilot" };
      await put(tenant.id, term);
      for (const other of [
        { effect: "deny" },
        { expires_at: "2100-01-01T00:00:01Z" },
        { reason: "Another" },
      ]) {
        expect(await put(tenant.id, { ...term, ...other })).toMatchObject({ status: 200 });
        await put(tenant.id, term);
      }
      expect(await trailOf(app().harness, tenant.id)).toHaveLength(7);
    });

    test("201: a feature may have any name, a product must be in the catalog, and both may have one name", async () => {
      const { tenant } = await givenTeam();
      for (const target of ["ai-chat", "Любой name/☃ ", "x".repeat(128)]) {
        expect(await put(tenant.id, { ...grantChat, target })).toMatchObject({
          status: 201,
          body: { target, target_type: "feature" },
        });
      }
      const product = { target_type: "product", target: "ai-chat", effect: "deny" };
      expect(await put(tenant.id, product)).toMatchObject({ status: 201, body: product });
      expect((await trailOf(app().harness, tenant.id)).at(-1)).toMatchObject({ product: "ai-chat" });
      expect(await put(tenant.id, { ...product, target: "chat" })).toMatchObject({ status: 404 });
    });

    test("200: one that was switched off is replaced and comes back on, the same values included", async () => {
      const { tenant, admin } = await givenTeam();
      const id = randomUUID();
      const now = (await put((await givenTeam()).tenant.id)).body.created_at.replace("Z", "000Z");
      await app().harness.arrange.override({
        id,
        tenantId: tenant.id,
        targetType: "feature",
        target: "chat",
        effect: "grant",
        active: false,
        expiresAt: null,
        reason: null,
        createdAt: now,
        updatedAt: now,
      });
      expect((await list(tenant.id, admin)).body.data).toEqual([]);
      expect(await put(tenant.id)).toMatchObject({ status: 200, body: { id, ...grantChat } });
      expect((await list(tenant.id, admin)).body.data).toMatchObject([{ id }]);
      expect(await actionsOf(app().harness, tenant.id)).toEqual(["override.set"]);
    });

    test("201: a moment in the past is taken, so that a repeat never fails", async () => {
      const { tenant } = await givenTeam();
      const past = { ...grantChat, expires_at: "2020-01-01T00:00:00Z" };
      expect(await put(tenant.id, past)).toMatchObject({
        status: 201,
        body: { expires_at: "2020-01-01T00:00:00.000Z" },
      });
      expect(await put(tenant.id, past)).toMatchObject({ status: 200 });
    });

    test("403 for a tenant's admins and members, 404 for a stranger, 409 for a cancelled tenant", async () => {
      const { tenant, admin, member } = await givenTeam();
      const cancelled = await givenTeam("cancelled");
      await expectNoChange(app().harness, async () => {
        for (const as of [admin, member]) {
          expect(await put(tenant.id, grantChat, as)).toMatchObject({ status: 403 });
          // What does not exist is told before what is not allowed.
          const unknown = { target_type: "product", target: "none", effect: "deny" };
          expect(await put(tenant.id, unknown, as)).toMatchObject({ status: 404 });
        }
        expect(await put(tenant.id, grantChat, newUser())).toMatchObject({ status: 404 });
        expect(await put(randomUUID())).toMatchObject({ status: 404 });
        expect(await put(cancelled.tenant.id)).toMatchObject({ status: 409 });
      });
    });

    test("of 20 at once with one body, one is 201 and 19 are 200, with one audit entry", async () => {
      const { tenant } = await givenTeam();
      const answers = await Promise.all(Array.from({ length: 20 }, () => put(tenant.id)));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
      expect(await actionsOf(app().harness, tenant.id)).toEqual(["override.set"]);
    });

    test.each([
      ["no target type", { target: "chat", effect: "grant" }, "/target_type"],
      ["an unknown target type", { ...grantChat, target_type: "plan" }, "/target_type"],
      ["no target", { target_type: "feature", effect: "grant" }, "/target"],
      ["an empty target", { ...grantChat, target: "" }, "/target"],
      ["a feature of 129 characters", { ...grantChat, target: "x".repeat(129) }, "/target"],
      ["an unknown effect", { ...grantChat, effect: "maybe" }, "/effect"],
      ["a moment without an offset", { ...grantChat, expires_at: "2100-01-01T00:00:00" }, "/expires_at"],
      ["a moment that is none", { ...grantChat, expires_at: "2100-02-30T00:00:00Z" }, "/expires_at"],
      ["a moment as a number", { ...grantChat, expires_at: 4102444800 }, "/expires_at"],
      ["a reason of 2001 characters", { ...grantChat, reason: "x".repeat(2001) }, "/reason"],
      ["an unknown field", { ...grantChat, active: false }, "/active"],
    ])("400: %s", async (_title, rest, pointer) => {
      expect(await put(randomUUID(), rest)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer, detail: expect.not.stringMatching(/^Invalid input$/) }] },
      });
    });
  });

  describe("GET /v1/overrides", () => {
    test("200 for tenant admins, newest first, page by page", async () => {
      const { tenant, admin } = await givenTeam();
      for (const target of ["a", "b", "c"]) await put(tenant.id, { ...grantChat, target });
      for (const as of [admin, platformAdmin]) {
        const first = await list(tenant.id, as, "&limit=2");
        const second = await list(tenant.id, as, `&limit=2&cursor=${first.body.next_cursor}`);
        const rows = [...first.body.data, ...second.body.data];
        expect(rows.map(({ target }: OverrideBody) => target)).toEqual(["c", "b", "a"]);
        expect(second.body.next_cursor).toBeNull();
      }
    });

    test("403 for a member, 404 for a stranger, 400 without a tenant", async () => {
      const { tenant, admin, member } = await givenTeam();
      expect(await list(tenant.id, member)).toMatchObject({ status: 403, body: { code: "forbidden" } });
      expect(await list(tenant.id, newUser())).toMatchObject({ status: 404 });
      expect(await app().call("GET", "/v1/overrides", { as: admin })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "?tenant_id" }] },
      });
    });
  });

  describe("DELETE /v1/overrides/{id}", () => {
    test("204 with one audit entry; repeated, 404 without; of a cancelled tenant too", async () => {
      const { tenant, admin } = await givenTeam();
      const { id } = (await put(tenant.id, { target_type: "product", target: "ai-chat", effect: "deny" }))
        .body;
      await app().call("POST", `/v1/tenants/${tenant.id}/cancel`, { as: platformAdmin });
      expect(await remove(id.toUpperCase())).toMatchObject({ status: 204, text: "" });
      expect((await list(tenant.id, admin)).body.data).toEqual([]);
      await expectNoChange(app().harness, async () => {
        expect(await remove(id)).toMatchObject({ status: 404 });
      });
      expect((await trailOf(app().harness, tenant.id)).at(-1)).toMatchObject({
        action: "override.removed",
        product: "ai-chat",
        targetType: "override",
        targetId: id,
        metadata: { target_type: "product", target: "ai-chat", effect: "deny" },
      });
    });

    test("403 for who sees the tenant, 404 for who does not; of 20 at once one is 204", async () => {
      const { tenant, admin, member } = await givenTeam();
      const { id } = (await put(tenant.id)).body;
      await expectNoChange(app().harness, async () => {
        for (const as of [admin, member]) expect(await remove(id, as)).toMatchObject({ status: 403 });
        expect(await remove(id, newUser())).toMatchObject({ status: 404 });
      });
      const answers = await Promise.all(Array.from({ length: 20 }, () => remove(id)));
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 404)).toHaveLength(19);
      expect(await actionsOf(app().harness, tenant.id)).toEqual(["override.set", "override.removed"]);
    });
  });
});
