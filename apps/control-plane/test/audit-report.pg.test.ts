import { comparable, newUser } from "@leftrail/auth/testing";
import { auditEntryBodySchema, stateActions } from "@leftrail/contract";
import { givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { eachApp } from "./each-app.ts";

eachApp("reports to the audit trail over HTTP", (app) => {
  const given = async (status: "pending" | "active" | "cancelled" = "active") => {
    const member = newUser();
    const tenant = await givenTenant(app().harness.store, { status, members: { [member.userId]: "member" } });
    return { member, tenant };
  };
  const noteOf = (tenant_id: string) => ({ tenant_id, product: "ai-chat", action: "note.added" });
  const trailOf = async (tenantId: string) =>
    (await app().harness.dump()).auditLog.filter(({ tenantRef }) => tenantRef === tenantId);

  describe("POST /v1/audit", () => {
    const report = (as: ReturnType<typeof newUser>, body: unknown, headers = {}) =>
      app().call("POST", "/v1/audit", { as, body, headers });

    test("201: the entry as it stands in the trail, by the caller, also of a pending tenant", async () => {
      for (const status of ["active", "pending"] as const) {
        const { member, tenant } = await given(status);
        const body = {
          ...noteOf(tenant.id.toUpperCase()),
          target_type: "note",
          target_id: "n-1",
          metadata: { z: 1e21, a: [{ ["__proto__"]: "kept" }], "": -0.5 },
        };
        const answer = await report(member, body, { "x-request-id": "my-request.2" });
        expect(answer.status).toBe(201);
        const [, entry] = await trailOf(tenant.id);
        expect(auditEntryBodySchema.parse(answer.body)).toEqual({
          id: entry?.id,
          tenant_id: tenant.id,
          product: "ai-chat",
          actor_type: "user",
          actor_id: member.userId,
          action: "note.added",
          target_type: "note",
          target_id: "n-1",
          metadata: body.metadata,
          ip: null,
          request_id: "my-request.2",
          occurred_at: null,
          created_at: answer.body.created_at,
          seq: 2,
          hash: entry?.hash,
        });
        expect(await trailOf(tenant.id)).toHaveLength(2);
      }
    });

    test("201 with the least there is; metadata keeps every field and their order", async () => {
      const { member, tenant } = await given();
      expect(await report(member, noteOf(tenant.id))).toMatchObject({
        status: 201,
        body: { target_type: null, target_id: null, metadata: {} },
      });
      const metadata = '{"b":1,"a":{"__proto__":{"x":1}},"__proto__":[0.30000000000000004,1e+308]}';
      const text = `{"tenant_id":"${tenant.id}","product":"p","action":"a","metadata":${metadata}}`;
      expect((await report(member, text)).text).toContain(`"metadata":${metadata}`);
      const list = await app().call("GET", `/v1/audit?tenant_id=${tenant.id}&limit=1`, { as: platformAdmin });
      expect(list.text).toContain(`"metadata":${metadata}`);
    });

    test("201 for whoever holds any role, from above too, and for a platform admin", async () => {
      const above = newUser();
      const top = await givenTenant(app().harness.store, { members: { [above.userId]: "admin" } });
      const tenant = await givenTenant(app().harness.store, { parent: top });
      for (const as of [above, platformAdmin]) {
        expect(await report(as, noteOf(tenant.id))).toMatchObject({
          status: 201,
          body: { actor_id: as.userId },
        });
      }
    });

    test("a repeat with the same Idempotency-Key is replayed, another body is 409, another user's is new", async () => {
      const { member, tenant } = await given();
      const headers = { "idempotency-key": "one" };
      const first = await report(member, noteOf(tenant.id), headers);
      const again = await report(member, noteOf(tenant.id), headers);
      expect(again.headers.get("idempotent-replayed")).toBe("true");
      expect(again.text).toBe(first.text);
      expect(await report(member, { ...noteOf(tenant.id), action: "x" }, headers)).toMatchObject({
        status: 409,
      });
      expect(await report(platformAdmin, noteOf(tenant.id), headers)).toMatchObject({ body: { seq: 3 } });
      expect(await trailOf(tenant.id)).toHaveLength(3);
    });

    test("of many at once none is lost, and the chain has no gap", async () => {
      const { member, tenant } = await given();
      const answers = await Promise.all(Array.from({ length: 12 }, () => report(member, noteOf(tenant.id))));
      expect(answers.map(({ body }) => body.seq).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 12 }, (_, n) => n + 2),
      );
      const verified = await app().call("GET", `/v1/audit/verify?tenant_id=${tenant.id}`, {
        as: platformAdmin,
      });
      expect(verified.body).toMatchObject({ ok: true, checked: 13 });
    });

    test("409: a cancelled tenant; 404: a stranger, just as for none", async () => {
      const { member, tenant } = await given("cancelled");
      expect(await report(member, noteOf(tenant.id))).toMatchObject({
        status: 409,
        body: { code: "conflict" },
      });
      const masked = await report(newUser(), noteOf(tenant.id));
      expect(masked.status).toBe(404);
      expect(comparable(masked)).toEqual(comparable(await report(newUser(), noteOf(randomUUID()))));
      expect(await report(platformAdmin, noteOf(randomUUID()))).toMatchObject({ status: 404 });
      expect(await trailOf(tenant.id)).toHaveLength(1);
    });

    test.each<[string, Record<string, unknown>, string]>([
      ...stateActions.map((action): [string, Record<string, unknown>, string] => [
        action,
        { action },
        "/action",
      ]),
      ["no action", { action: undefined }, "/action"],
      ["an empty action", { action: " " }, "/action"],
      ["an action of 201 characters", { action: "x".repeat(201) }, "/action"],
      ["no product", { product: undefined }, "/product"],
      ["metadata that is an array", { metadata: [] }, "/metadata"],
      ["metadata that is null", { metadata: null }, "/metadata"],
      ["metadata that is a text", { metadata: "x" }, "/metadata"],
      ["U+0000 deep in the metadata", { metadata: { a: [{ b: "\0" }] } }, "/metadata/a/0/b"],
      ["an actor", { actor_id: randomUUID() }, "/actor_id"],
      ["a moment", { occurred_at: "2026-01-01T00:00:00Z" }, "/occurred_at"],
      ["no UUID", { tenant_id: "x" }, "/tenant_id"],
    ])("400: %s", async (_title, change, pointer) => {
      const { member, tenant } = await given();
      expect(await report(member, { ...noteOf(tenant.id), ...change })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer }] },
      });
      expect(await trailOf(tenant.id)).toHaveLength(1);
    });

    test("400: a number beyond a double, nesting over 32 levels, an empty Idempotency-Key", async () => {
      const { member, tenant } = await given();
      const withMetadata = (metadata: string) =>
        report(member, JSON.stringify(noteOf(tenant.id)).replace(/\}$/, `,"metadata":{"a":${metadata}}}`));
      expect(await withMetadata("1e400")).toMatchObject({ status: 400 });
      expect(await withMetadata("[".repeat(31) + "]".repeat(31))).toMatchObject({ status: 400 });
      expect(await withMetadata("[".repeat(30) + "]".repeat(30))).toMatchObject({ status: 201 });
      expect(await report(member, noteOf(tenant.id), { "idempotency-key": "" })).toMatchObject({
        status: 400,
      });
    });

    test("401 without a token, 413 for more than 64 KiB, 415 for anything but JSON", async () => {
      const { member, tenant } = await given();
      expect(await app().call("POST", "/v1/audit", { body: {} })).toMatchObject({ status: 401 });
      const large = { ...noteOf(tenant.id), metadata: { text: "x".repeat(66_000) } };
      expect(await report(member, large)).toMatchObject({ status: 413 });
      expect(await report(member, "{}", { "content-type": "text/plain" })).toMatchObject({ status: 415 });
    });
  });

  describe("POST /v1/internal/audit", () => {
    const report = (body: unknown, headers = {}) =>
      app().call("POST", "/v1/internal/audit", { body, headers: { ...app().internalHeaders, ...headers } });
    const seenBy = (tenant_id: string, change = {}) => ({
      ...noteOf(tenant_id),
      actor_type: "service",
      actor_id: "importer",
      ...change,
    });

    test("201: by whom and when the service says, with the request that said so", async () => {
      const { tenant } = await given();
      const occurred_at = "2026-01-01T02:00:00.123456+02:00";
      const answer = await report(seenBy(tenant.id, { occurred_at }), { "x-request-id": "import.1" });
      expect(answer.status).toBe(201);
      expect(auditEntryBodySchema.parse(answer.body)).toMatchObject({
        tenant_id: tenant.id,
        actor_type: "service",
        actor_id: "importer",
        occurred_at: "2026-01-01T00:00:00.123Z",
        request_id: "import.1",
        seq: 2,
      });
      expect((await trailOf(tenant.id))[1]).toMatchObject({ occurredAt: "2026-01-01T00:00:00.123456Z" });
    });

    test("201: a user's id is kept lower-case, so that it is found by what tokens carry", async () => {
      const { member, tenant } = await given();
      const actor = { actor_type: "user", actor_id: member.userId.toUpperCase() };
      expect((await report(seenBy(tenant.id, actor))).body.actor_id).toBe(member.userId);
    });

    test("a repeat with the same Idempotency-Key is replayed, and a user's key is another", async () => {
      const { member, tenant } = await given();
      const headers = { "idempotency-key": "two" };
      const first = await report(seenBy(tenant.id), headers);
      const again = await report(seenBy(tenant.id), headers);
      expect(again.headers.get("idempotent-replayed")).toBe("true");
      expect(again.text).toBe(first.text);
      expect(await report(seenBy(tenant.id, { actor_id: "x" }), headers)).toMatchObject({ status: 409 });
      const users = await app().call("POST", "/v1/audit", { as: member, body: noteOf(tenant.id), headers });
      expect(users).toMatchObject({ status: 201, body: { seq: 3 } });
    });

    test("404: an unknown tenant, also for a replay; 409: a cancelled one", async () => {
      expect(await report(seenBy(randomUUID()))).toMatchObject({ status: 404, body: { code: "not_found" } });
      const gone = await givenTenant(app().harness.store);
      const headers = { "idempotency-key": "gone" };
      expect(await report(seenBy(gone.id), headers)).toMatchObject({ status: 201 });
      await deleteTenant(app().harness.store, gone.id);
      expect(await report(seenBy(gone.id), headers)).toMatchObject({ status: 404 });
      const { tenant } = await given("cancelled");
      expect(await report(seenBy(tenant.id))).toMatchObject({ status: 409, body: { code: "conflict" } });
    });

    test.each<[string, Record<string, unknown>, string]>([
      ["a state action", { action: "tenant.deleted" }, "/action"],
      ["no actor type", { actor_type: undefined }, "/actor_type"],
      ["an actor type that is none", { actor_type: "robot" }, "/actor_type"],
      ["no actor", { actor_id: undefined }, "/actor_id"],
      ["a moment without an offset", { occurred_at: "2026-01-01T00:00:00" }, "/occurred_at"],
      ["a moment before the year 1", { occurred_at: "0000-12-31T00:00:00Z" }, "/occurred_at"],
      ["an unknown field", { ip: "127.0.0.1" }, "/ip"],
    ])("400: %s", async (_title, change, pointer) => {
      const { tenant } = await given();
      expect(await report(seenBy(tenant.id, change))).toMatchObject({
        status: 400,
        body: { errors: [{ pointer }] },
      });
    });

    test("201: the first and the last moment there is", async () => {
      const { tenant } = await given();
      for (const occurred_at of ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]) {
        expect(await report(seenBy(tenant.id, { occurred_at }))).toMatchObject({ status: 201 });
      }
    });

    test("401 for a JWT, also a platform admin's; the internal token is 401 elsewhere", async () => {
      const { tenant } = await given();
      const jwt = await app().call("POST", "/v1/internal/audit", {
        as: platformAdmin,
        body: seenBy(tenant.id),
      });
      expect(jwt).toMatchObject({ status: 401 });
      const headers = app().internalHeaders;
      expect(await app().call("GET", "/v1/audit", { headers })).toMatchObject({ status: 401 });
      expect(await app().call("POST", "/v1/internal/audit", { body: "{" })).toMatchObject({ status: 401 });
    });

    test("413 for more than 64 KiB, 415 for anything but JSON", async () => {
      expect(await report({ text: "x".repeat(66_000) })).toMatchObject({ status: 413 });
      expect(await report("{}", { "content-type": "text/plain" })).toMatchObject({ status: 415 });
    });
  });
});
