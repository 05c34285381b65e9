import { comparable, newUser } from "@leftrail/auth/testing";
import { auditEntryBodySchema, toInstant, type AuditEntryBody } from "@leftrail/contract";
import type { AuditEntry } from "@leftrail/store";
import { givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { eachApp } from "./each-app.ts";

eachApp("GET /v1/audit", (app) => {
  const get = (query: Readonly<Record<string, string>>, as = platformAdmin) =>
    app().call("GET", `/v1/audit?${new URLSearchParams(query).toString()}`, { as });
  const trailOf = (tenantId: string) => app().harness.store.read.auditLog.chain(tenantId, 0, 1000);

  const given = async () => {
    const [owner, member] = [newUser(), newUser()];
    const members = { [owner.userId]: "owner", [member.userId]: "member" } as const;
    return { owner, member, tenant: await givenTenant(app().harness.store, { members }) };
  };
  /** A tenant with one report of each actor, product and action, oldest first. */
  const givenReports = async () => {
    const { owner, tenant } = await given();
    const product = `p-${randomUUID()}`;
    const reports: AuditEntryBody[] = [];
    for (const actor_id of [randomUUID(), randomUUID()]) {
      for (const [name, action] of [
        [product, "note.added"],
        [product, "note.removed"],
        ["other", "note.added"],
      ]) {
        const body = { tenant_id: tenant.id, product: name, action, actor_type: "user", actor_id };
        const answer = await app().call("POST", "/v1/internal/audit", {
          body,
          headers: app().internalHeaders,
        });
        reports.push(auditEntryBodySchema.parse(answer.body));
      }
    }
    return { owner, tenant, product, reports };
  };
  /** The rows of all pages, one row a page. */
  const walk = async (query: Readonly<Record<string, string>>, as = platformAdmin) => {
    const rows: AuditEntryBody[] = [];
    let cursor: Readonly<Record<string, string>> = {};
    for (;;) {
      const { status, body } = await get({ ...query, limit: "1", ...cursor }, as);
      expect(status).toBe(200);
      rows.push(...body.data);
      if (body.next_cursor === null) return rows;
      cursor = { cursor: body.next_cursor };
    }
  };

  describe("who sees what:", () => {
    test("200: owners and admins of the tenant and above, and platform admins, newest first with every field", async () => {
      const [admin, above] = [newUser(), newUser()];
      const top = await givenTenant(app().harness.store, { members: { [above.userId]: "owner" } });
      const tenant = await givenTenant(app().harness.store, {
        parent: top,
        members: { [admin.userId]: "admin" },
      });
      const reported = await app().call("POST", "/v1/audit", {
        as: admin,
        body: { tenant_id: tenant.id, product: "ai-chat", action: "note.added", metadata: { b: 1, a: 2 } },
      });
      for (const as of [admin, above, platformAdmin]) {
        const { status, body } = await get({ tenant_id: tenant.id.toUpperCase() }, as);
        expect(status).toBe(200);
        expect(body.data.map((row: unknown) => auditEntryBodySchema.parse(row))).toEqual([
          reported.body,
          expect.objectContaining({ action: "tenant.created", seq: 1, request_id: null, product: null }),
        ]);
        expect(body.next_cursor).toBeNull();
      }
    });

    test("200: a cancelled tenant's trail, for its admins", async () => {
      const owner = newUser();
      const members = { [owner.userId]: "owner" } as const;
      const tenant = await givenTenant(app().harness.store, { status: "cancelled", members });
      expect(await get({ tenant_id: tenant.id }, owner)).toMatchObject({ status: 200 });
    });

    test("403: a member; 404: a stranger and an admin of a cancelled tenant above, just as for none", async () => {
      const { member, tenant } = await given();
      expect(await get({ tenant_id: tenant.id }, member)).toMatchObject({ status: 403 });
      const above = newUser();
      const members = { [above.userId]: "owner" } as const;
      const top = await givenTenant(app().harness.store, { status: "cancelled", members });
      const below = await givenTenant(app().harness.store, { parent: top });
      for (const [as, id] of [
        [newUser(), tenant.id],
        [above, below.id],
      ] as const) {
        const masked = await get({ tenant_id: id }, as);
        expect(masked.status).toBe(404);
        expect(comparable(masked)).toEqual(comparable(await get({ tenant_id: randomUUID() }, as)));
      }
    });

    test("a deleted tenant's trail: 200 for platform admins, who see it without a tenant; 404 for who was its owner", async () => {
      const { owner, tenant } = await given();
      await deleteTenant(app().harness.store, tenant.id);
      const { status, body } = await get({ tenant_id: tenant.id });
      expect(status).toBe(200);
      expect(body.data).toMatchObject([
        { action: "tenant.deleted", tenant_id: null, seq: 2 },
        { action: "tenant.created", tenant_id: null, seq: 1 },
      ]);
      const masked = await get({ tenant_id: tenant.id }, owner);
      expect(masked.status).toBe(404);
      expect(comparable(masked)).toEqual(comparable(await get({ tenant_id: randomUUID() }, owner)));
    });

    test("404: an id that never was, also for platform admins; 200: a tenant without a trail", async () => {
      expect(await get({ tenant_id: randomUUID() })).toMatchObject({ status: 404 });
      const { tenant } = await given();
      await app().harness.arrange.trail(tenant.id, []);
      await app().harness.arrange.trailHead(tenant.id, null);
      expect(await get({ tenant_id: tenant.id })).toMatchObject({ status: 200, body: { data: [] } });
    });

    test("without a tenant: 200 for platform admins, of every tenant; 403 for all others", async () => {
      const [one, two] = [await given(), await given()];
      const { status, body } = await get({ limit: "2" });
      expect(status).toBe(200);
      expect(body.data.map((row: AuditEntryBody) => row.tenant_id)).toEqual([two.tenant.id, one.tenant.id]);
      expect(await get({}, one.owner)).toMatchObject({ status: 403, body: { code: "forbidden" } });
    });
  });

  describe("filters", () => {
    test("each alone, together, and over all pages", async () => {
      const { owner, tenant, product, reports } = await givenReports();
      const actor_id = reports[0]?.actor_id ?? "";
      const expected = (matches: (row: AuditEntryBody) => boolean) =>
        reports
          .filter(matches)
          .toReversed()
          .map(({ id }) => id);
      const cases: readonly (readonly [
        Readonly<Record<string, string>>,
        (row: AuditEntryBody) => boolean,
      ])[] = [
        [{ product }, (row) => row.product === product],
        [{ actor_id }, (row) => row.actor_id === actor_id],
        [{ actor_id: actor_id.toUpperCase() }, (row) => row.actor_id === actor_id],
        [{ product, action: "note.added" }, (row) => row.product === product && row.action === "note.added"],
        [{ product, actor_id, action: "note.removed" }, (row) => row === reports[1]],
        [{ product, action: "tenant.deleted" }, () => false],
      ];
      for (const [query, matches] of cases) {
        expect((await walk(query)).map(({ id }) => id)).toEqual(expected(matches));
        const within = await walk({ ...query, tenant_id: tenant.id }, owner);
        expect(within.map(({ id }) => id)).toEqual(expected(matches));
      }
      const added = await walk({ tenant_id: tenant.id, action: "note.added" }, owner);
      expect(added.map(({ id }) => id)).toEqual(expected((row) => row.action === "note.added"));
    });

    test("another tenant's entries are in no answer, whatever the filters", async () => {
      const { owner, tenant } = await given();
      const foreign = await givenReports();
      const { body } = await get({ tenant_id: tenant.id, product: foreign.product }, owner);
      expect(body).toEqual({ data: [], next_cursor: null });
    });

    test("since is inclusive, until exclusive, to the microsecond; where none lies between, none is shown", async () => {
      const { tenant } = await given();
      const at = (micros: string) => `2026-03-01T00:00:00.${micros}Z`;
      await givenEntriesAt(tenant.id, ["000001", "000002", "000003"]);
      const seqs = async (bounds: Readonly<Record<string, string>>) =>
        (await walk({ tenant_id: tenant.id, ...bounds })).map(({ seq }) => seq);
      expect(await seqs({ since: at("000002") })).toEqual([3, 2]);
      expect(await seqs({ until: at("000002") })).toEqual([1]);
      expect(await seqs({ since: at("000001"), until: at("000003") })).toEqual([2, 1]);
      expect(await seqs({ since: "2026-03-01T01:00:00.000002+01:00" })).toEqual([3, 2]);
      expect(await seqs({ since: at("000002"), until: at("000002") })).toEqual([]);
      expect(await seqs({ since: at("000003"), until: at("000001") })).toEqual([]);
    });
  });

  describe("pages", () => {
    test("entries that share a microsecond, and those within one millisecond, are neither skipped nor repeated", async () => {
      const { owner, tenant } = await given();
      const micros = ["000001", "000001", "000001", "000002", "000002", "000999", "000999", "000999"];
      await givenEntriesAt(tenant.id, micros);
      const whole = await get({ tenant_id: tenant.id }, owner);
      const rows = await walk({ tenant_id: tenant.id }, owner);
      expect(rows).toEqual(whole.body.data);
      expect(new Set(rows.map(({ id }) => id)).size).toBe(micros.length);
      const everywhere = await walk({
        since: "2026-03-01T00:00:00Z",
        until: "2026-03-01T00:00:01Z",
        action: "x.y",
      });
      expect(everywhere.filter((row) => row.tenant_id === tenant.id)).toEqual(rows);
    });

    test("what is appended during a walk moves no page", async () => {
      const { tenant, product, reports } = await givenReports();
      const first = await get({ product, limit: "2" });
      const body = { tenant_id: tenant.id, product, action: "note.added" };
      await app().call("POST", "/v1/audit", { as: platformAdmin, body });
      const second = await get({ product, limit: "2", cursor: first.body.next_cursor });
      const expected = reports.filter((row) => row.product === product).toReversed();
      expect([...first.body.data, ...second.body.data]).toEqual(expected);
    });

    test("400: a cursor of another filter, user or list, or altered", async () => {
      const { tenant, product, reports } = await givenReports();
      const filters = {
        tenant_id: tenant.id,
        product,
        actor_id: reports[0]?.actor_id ?? "",
        since: "2020-01-01T00:00:00Z",
        until: "2990-01-01T00:00:00Z",
      };
      const { body } = await get({ ...filters, limit: "1" });
      const cursor: string = body.next_cursor;
      expect(await get({ ...filters, cursor })).toMatchObject({ status: 200 });
      const others: readonly Readonly<Record<string, string>>[] = [
        { tenant_id: (await given()).tenant.id },
        { product: "other" },
        { actor_id: randomUUID() },
        { action: "note.added" },
        { since: "2020-01-01T00:00:00.000001Z" },
        { until: "2990-01-01T00:00:01Z" },
        { cursor: `${cursor.slice(0, -1)}${cursor.endsWith("A") ? "B" : "A"}` },
        { cursor: "" },
      ];
      const refused = { status: 400, body: { errors: [{ pointer: "?cursor" }] } };
      for (const other of others) expect(await get({ ...filters, cursor, ...other })).toMatchObject(refused);
      for (const name of Object.keys(filters)) {
        const fewer = Object.fromEntries(Object.entries(filters).filter(([other]) => other !== name));
        expect(await get({ ...fewer, cursor }), name).toMatchObject(refused);
      }
      const elsewhere = { ...platformAdmin, userId: randomUUID() };
      expect(await get({ ...filters, cursor }, elsewhere)).toMatchObject(refused);
      expect(await app().call("GET", `/v1/tenants?cursor=${cursor}`, { as: platformAdmin })).toMatchObject(
        refused,
      );
    });
  });

  test.each([
    ["tenant_id=x", "?tenant_id"],
    ["tenant_id=", "?tenant_id"],
    ["product=", "?product"],
    ["actor_id=", "?actor_id"],
    ["action=", "?action"],
    ["since=yesterday", "?since"],
    ["since=2026-01-01", "?since"],
    ["until=2026-01-01T00:00:00", "?until"],
    ["limit=0", "?limit"],
    ["limit=201", "?limit"],
    ["colour=red", "?colour"],
    ["action=a&action=b", "?action"],
  ])("400: %s", async (query, pointer) => {
    expect(await app().call("GET", `/v1/audit?${query}`, { as: platformAdmin })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
  });

  test("401 without a token, before what is wrong with the query", async () => {
    expect(await app().call("GET", "/v1/audit?limit=0")).toMatchObject({ status: 401 });
  });

  /** Entries at these microseconds of one moment, in the place of the tenant's trail. */
  async function givenEntriesAt(tenantId: string, micros: readonly string[]): Promise<void> {
    const [entry] = await trailOf(tenantId);
    if (entry === undefined) throw new Error("a tenant has an entry");
    const entries = micros.map((micro, n): AuditEntry => ({
      ...entry,
      id: randomUUID(),
      action: "x.y",
      createdAt: toInstant(`2026-03-01T00:00:00.${micro}Z`),
      seq: n + 1,
    }));
    await app().harness.arrange.trail(tenantId, entries);
  }
});
