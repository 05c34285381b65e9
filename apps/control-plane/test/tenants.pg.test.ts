import { comparable, newUser } from "@leftrail/auth/testing";
import { problemSchema, tenantBodySchema } from "@leftrail/contract";
import { givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newSlug, platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";

eachApp("tenants over HTTP", (app) => {
  const trailOf = async (tenantId: string) =>
    (await app().harness.dump()).auditLog.filter(({ tenantRef }) => tenantRef === tenantId);

  describe("POST /v1/tenants", () => {
    test("201: a pending tenant with its Location, owned by the caller, with one audit entry that names the request", async () => {
      const as = newUser();
      const slug = newSlug();
      const answer = await app().call("POST", "/v1/tenants", {
        as,
        body: { slug, name: "Ümlaut & Söhne" },
        headers: { "x-request-id": "my-request.1" },
      });
      expect(answer.status).toBe(201);
      expect(tenantBodySchema.parse(answer.body)).toMatchObject({
        slug,
        name: "Ümlaut & Söhne",
        status: "pending",
        parent_tenant_id: null,
        activated_at: null,
        cancelled_at: null,
      });
      expect(answer.headers.get("location")).toBe(`/v1/tenants/${answer.body.id}`);
      expect(answer.headers.get("x-request-id")).toBe("my-request.1");
      const view = await app().harness.store.read.tenants.find(
        { id: answer.body.id },
        { userId: as.userId, isPlatformAdmin: false },
      );
      expect(view?.role).toBe("owner");
      expect(await trailOf(answer.body.id)).toMatchObject([
        {
          action: "tenant.created",
          actorType: "user",
          actorId: as.userId,
          requestId: "my-request.1",
          seq: 1,
        },
      ]);
    });

    test("201: below a parent for its admin, also one of an ancestor and a platform admin", async () => {
      const as = newUser();
      const { store } = app().harness;
      const top = await givenTenant(store, { members: { [as.userId]: "admin" } });
      const middle = await givenTenant(store, { parent: top });
      for (const caller of [as, platformAdmin]) {
        const body = { slug: newSlug(), name: "Child", parent_tenant_id: middle.id.toUpperCase() };
        const answer = await app().call("POST", "/v1/tenants", { as: caller, body });
        expect(answer).toMatchObject({ status: 201, body: { parent_tenant_id: middle.id } });
      }
    });

    test("403 below a parent that the caller sees but does not administer", async () => {
      const as = newUser();
      const parent = await givenTenant(app().harness.store, { members: { [as.userId]: "member" } });
      const body = { slug: newSlug(), name: "Child", parent_tenant_id: parent.id };
      expect(await app().call("POST", "/v1/tenants", { as, body })).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
    });

    test("404 below a foreign parent, just as below none", async () => {
      const as = newUser();
      const foreign = await givenTenant(app().harness.store);
      const [masked, random] = await Promise.all(
        [foreign.id, randomUUID()].map((parent_tenant_id) =>
          app().call("POST", "/v1/tenants", {
            as,
            body: { slug: newSlug(), name: "Child", parent_tenant_id },
          }),
        ),
      );
      expect(masked?.status).toBe(404);
      expect(masked && comparable(masked)).toEqual(random && comparable(random));
    });

    test("409 below a cancelled parent", async () => {
      const as = newUser();
      const parent = await givenTenant(app().harness.store, {
        status: "cancelled",
        members: { [as.userId]: "owner" },
      });
      const body = { slug: newSlug(), name: "Child", parent_tenant_id: parent.id };
      expect(await app().call("POST", "/v1/tenants", { as, body })).toMatchObject({
        status: 409,
        body: { code: "conflict" },
      });
    });

    test("of 20 at once with one slug, one is 201 and 19 are 409, with one audit entry", async () => {
      const slug = newSlug();
      const before = (await app().harness.dump()).auditLog.length;
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          app().call("POST", "/v1/tenants", { as: newUser(), body: { slug, name: "One" } }),
        ),
      );
      const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
      expect((await app().harness.dump()).auditLog).toHaveLength(before + 1);
    });

    test.each([
      ["an upper-case slug is not folded", { slug: "Acme", name: "x" }, "/slug"],
      ["a slug of two characters", { slug: "ab", name: "x" }, "/slug"],
      ["a slug of 64 characters", { slug: "a".repeat(64), name: "x" }, "/slug"],
      ["a slug that ends in a hyphen", { slug: "acme-", name: "x" }, "/slug"],
      ["a slug with a newline at its end", { slug: "acme\n", name: "x" }, "/slug"],
      ["a missing name", { slug: "acme" }, "/name"],
      ["an empty name", { slug: "acme", name: "" }, "/name"],
      ["a name of white space", { slug: "acme", name: " \t" }, "/name"],
      ["a name of 201 characters", { slug: "acme", name: "x".repeat(201) }, "/name"],
      ["a name that is a number", { slug: "acme", name: 1 }, "/name"],
      ["a name with U+0000", { slug: "acme", name: "a\u0000b" }, "/name"],
      ["a lone surrogate", '{"slug":"acme","name":"\\ud800"}', "/name"],
      ["a parent that is no UUID", { slug: "acme", name: "x", parent_tenant_id: "1" }, "/parent_tenant_id"],
      ["an unknown field", { slug: "acme", name: "x", status: "active" }, "/status"],
      ["a field named __proto__", '{"slug":"acme","name":"x","__proto__":{}}', "/__proto__"],
      ["an array", [], ""],
      ["null", "null", ""],
      ["what is not JSON", "{", ""],
      ["nothing", "", ""],
    ])("400: %s", async (_title, body, pointer) => {
      const answer = await app().call("POST", "/v1/tenants", { as: newUser(), body });
      expect(answer.status).toBe(400);
      expect(problemSchema.parse(answer.body).code).toBe("invalid_input");
      expect(answer.body.errors?.[0]?.pointer).toBe(pointer);
    });

    test("401 comes before what is wrong with the body", async () => {
      expect(await app().call("POST", "/v1/tenants", { body: "{" })).toMatchObject({ status: 401 });
    });

    test("413 for more than 64 KiB, 415 for anything but JSON", async () => {
      const as = newUser();
      const large = { slug: "acme", name: "x".repeat(70_000) };
      expect(await app().call("POST", "/v1/tenants", { as, body: large })).toMatchObject({ status: 413 });
      const headers = { "content-type": "text/plain" };
      expect(await app().call("POST", "/v1/tenants", { as, body: "{}", headers })).toMatchObject({
        status: 415,
      });
    });
  });

  describe("GET /v1/tenants/{id} and by-slug", () => {
    test("200 for a member, an admin above and a platform admin; an upper-case id is the same row", async () => {
      const [member, above] = [newUser(), newUser()];
      const { store } = app().harness;
      const top = await givenTenant(store, { members: { [above.userId]: "owner" } });
      const tenant = await givenTenant(store, { parent: top, members: { [member.userId]: "member" } });
      for (const as of [member, above, platformAdmin]) {
        const byId = await app().call("GET", `/v1/tenants/${tenant.id.toUpperCase()}`, { as });
        const bySlug = await app().call("GET", `/v1/tenants/by-slug/${tenant.slug}`, { as });
        expect(byId.status).toBe(200);
        expect(tenantBodySchema.parse(byId.body)).toMatchObject({ id: tenant.id, parent_tenant_id: top.id });
        expect(bySlug.body).toEqual(byId.body);
      }
    });

    test("404 for a foreign tenant, byte for byte as for a random one", async () => {
      const as = newUser();
      const foreign = await givenTenant(app().harness.store);
      const pairs = [
        [`/v1/tenants/${foreign.id}`, `/v1/tenants/${randomUUID()}`],
        [`/v1/tenants/by-slug/${foreign.slug}`, `/v1/tenants/by-slug/${newSlug()}`],
      ];
      for (const [masked = "", random = ""] of pairs) {
        const headers = { "x-request-id": "same" };
        const [one, two] = [
          await app().call("GET", masked, { as, headers }),
          await app().call("GET", random, { as, headers }),
        ];
        expect(one.status).toBe(404);
        expect(one.text).toBe(two.text);
        expect([...one.headers]).toEqual([...two.headers]);
      }
    });

    test.each(["/v1/tenants/1", "/v1/tenants/%00", "/v1/tenants/%E0%A4%A", "/v1/tenants/by-slug/UPPER"])(
      "400: %s",
      async (path) => {
        expect(await app().call("GET", path, { as: newUser() })).toMatchObject({
          status: 400,
          body: { code: "invalid_input" },
        });
      },
    );
  });

  describe("POST /v1/tenants/{id}/activate", () => {
    const activate = (id: string, as = platformAdmin) =>
      app().call("POST", `/v1/tenants/${id}/activate`, { as });

    test("200 for a platform admin; repeated, unchanged and without another audit entry", async () => {
      const tenant = await givenTenant(app().harness.store, { status: "pending" });
      const first = await activate(tenant.id);
      expect(first).toMatchObject({ status: 200, body: { status: "active" } });
      expect(first.body.activated_at).toBe(first.body.updated_at);
      expect((await activate(tenant.id)).body).toEqual(first.body);
      expect((await trailOf(tenant.id)).map(({ action }) => action)).toEqual([
        "tenant.created",
        "tenant.activated",
      ]);
    });

    test("403 for who sees it, 404 for who does not, 409 once cancelled", async () => {
      const owner = newUser();
      const members = { [owner.userId]: "owner" as const };
      const tenant = await givenTenant(app().harness.store, { status: "pending", members });
      expect(await activate(tenant.id, owner)).toMatchObject({ status: 403 });
      expect(await activate(tenant.id, newUser())).toMatchObject({ status: 404 });
      expect(await activate(randomUUID())).toMatchObject({ status: 404 });
      const cancelled = await givenTenant(app().harness.store, { status: "cancelled" });
      expect(await activate(cancelled.id)).toMatchObject({ status: 409, body: { code: "conflict" } });
    });

    test("an empty object as a body is nothing; a field in it is 400", async () => {
      const tenant = await givenTenant(app().harness.store, { status: "pending" });
      const path = `/v1/tenants/${tenant.id}/activate`;
      expect(await app().call("POST", path, { as: platformAdmin, body: { force: true } })).toMatchObject({
        status: 400,
      });
      expect(await app().call("POST", path, { as: platformAdmin, body: {} })).toMatchObject({ status: 200 });
    });

    test("racing a cancel, the tenant ends cancelled, whatever came first, and the trail tells the order", async () => {
      const { store } = app().harness;
      for (let round = 0; round < 10; round++) {
        const tenant = await givenTenant(store, { status: "pending" });
        const [activated] = await Promise.all([
          activate(tenant.id),
          app().call("POST", `/v1/tenants/${tenant.id}/cancel`, { as: platformAdmin }),
        ]);
        const view = await store.read.tenants.find(
          { id: tenant.id },
          { ...platformAdmin, isPlatformAdmin: true },
        );
        expect(view?.tenant.status).toBe("cancelled");
        const expected =
          activated.status === 200
            ? ["tenant.created", "tenant.activated", "tenant.cancelled"]
            : ["tenant.created", "tenant.cancelled"];
        expect((await trailOf(tenant.id)).map(({ action }) => action)).toEqual(expected);
      }
    });
  });

  describe("POST /v1/tenants/{id}/cancel", () => {
    const cancel = (id: string, as: ReturnType<typeof newUser>) =>
      app().call("POST", `/v1/tenants/${id}/cancel`, { as });

    test("200 for an owner and a platform admin, from pending and active; repeated, unchanged", async () => {
      const owner = newUser();
      for (const as of [owner, platformAdmin]) {
        for (const status of ["pending", "active"] as const) {
          const members = { [owner.userId]: "owner" as const };
          const tenant = await givenTenant(app().harness.store, { status, members });
          const first = await cancel(tenant.id, as);
          expect(first).toMatchObject({ status: 200, body: { status: "cancelled" } });
          expect((await cancel(tenant.id, as)).body).toEqual(first.body);
          expect(await trailOf(tenant.id)).toHaveLength(2);
        }
      }
    });

    test("403 for an admin or a member, and for an owner above; 404 for a stranger", async () => {
      const [admin, member, above] = [newUser(), newUser(), newUser()];
      const { store } = app().harness;
      const top = await givenTenant(store, { members: { [above.userId]: "owner" } });
      const members = { [admin.userId]: "admin" as const, [member.userId]: "member" as const };
      const tenant = await givenTenant(store, { parent: top, members });
      for (const as of [admin, member, above]) {
        expect(await cancel(tenant.id, as)).toMatchObject({ status: 403 });
      }
      expect(await cancel(tenant.id, newUser())).toMatchObject({ status: 404 });
    });
  });
});
