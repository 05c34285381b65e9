import { comparable, newUser } from "@leftrail/auth/testing";
import { auditVerificationBodySchema } from "@leftrail/contract";
import { givenTenant, postgresHarness } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { expect, inject, test } from "vitest";
import { callApp, newSlug, platformAdmin } from "./call-app.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { eachApp } from "./each-app.ts";

eachApp("GET /v1/audit/verify", (app) => {
  const verify = (tenantId: string, as = platformAdmin) =>
    app().call("GET", `/v1/audit/verify?tenant_id=${tenantId}`, { as });
  const given = async () => {
    const [owner, member] = [newUser(), newUser()];
    const members = { [owner.userId]: "owner", [member.userId]: "member" } as const;
    return { owner, member, tenant: await givenTenant(app().harness.store, { members }) };
  };

  test("200: a trail that is as it was written, for tenant admins and platform admins", async () => {
    const { owner, tenant } = await given();
    const body = { tenant_id: tenant.id, product: "ai-chat", action: "note.added" };
    const entry = await app().call("POST", "/v1/audit", { as: owner, body });
    for (const as of [owner, platformAdmin]) {
      const answer = await verify(tenant.id.toUpperCase(), as);
      expect(answer.status).toBe(200);
      expect(auditVerificationBodySchema.parse(answer.body)).toEqual({
        ok: true,
        checked: 2,
        head: { seq: entry.body.seq, hash: entry.body.hash },
        first_broken: null,
      });
    }
  });

  test("200: what every verb of a tenant's life wrote, down to its deletion", async () => {
    const as = newUser();
    const created = await app().call("POST", "/v1/tenants", { as, body: { slug: newSlug(), name: "One" } });
    const id: string = created.body.id;
    await app().call("POST", `/v1/tenants/${id}/activate`, { as: platformAdmin });
    const trial = { tenant_id: id, product: "ai-chat" };
    expect(await app().call("POST", "/v1/catalog/trial-request", { as, body: trial })).toMatchObject({
      status: 201,
    });
    await app().call("POST", `/v1/tenants/${id}/cancel`, { as });
    expect((await verify(id, as)).body).toMatchObject({ ok: true, checked: 4 });
    expect(await app().call("DELETE", `/v1/tenants/${id}`, { as: platformAdmin })).toMatchObject({
      status: 204,
    });
    expect((await verify(id)).body).toMatchObject({ ok: true, checked: 5, head: { seq: 5 } });
    const list = await app().call("GET", `/v1/audit?tenant_id=${id}&limit=1`, { as: platformAdmin });
    expect(list.body.data).toMatchObject([{ action: "tenant.deleted", seq: 5 }]);
    expect(await verify(id, as)).toMatchObject({ status: 404 });
  });

  test("200: nothing to verify, of a tenant without a trail", async () => {
    const { owner, tenant } = await given();
    await app().harness.arrange.trail(tenant.id, []);
    await app().harness.arrange.trailHead(tenant.id, null);
    expect((await verify(tenant.id, owner)).body).toEqual({
      ok: true,
      checked: 0,
      head: null,
      first_broken: null,
    });
  });

  test("200: a trail that was tampered with, and where", async () => {
    const { owner, tenant } = await given();
    const body = { tenant_id: tenant.id, product: "ai-chat", action: "note.added" };
    for (let n = 0; n < 3; n++) await app().call("POST", "/v1/audit", { as: owner, body });
    const entries = await app().harness.store.read.auditLog.chain(tenant.id, 0, 10);
    await app().harness.arrange.trail(
      tenant.id,
      entries.filter(({ seq }) => seq !== 3),
    );
    expect((await verify(tenant.id, owner)).body).toEqual({
      ok: false,
      checked: 3,
      head: { seq: 4, hash: entries[3]?.hash },
      first_broken: 3,
    });
  });

  test("403: a member; 404: a stranger, who was owner of a deleted tenant, and for none", async () => {
    const { owner, member, tenant } = await given();
    expect(await verify(tenant.id, member)).toMatchObject({ status: 403 });
    const masked = await verify(tenant.id, newUser());
    expect(masked.status).toBe(404);
    expect(comparable(masked)).toEqual(comparable(await verify(randomUUID(), newUser())));
    await deleteTenant(app().harness.store, tenant.id);
    expect(comparable(await verify(tenant.id, owner))).toEqual(comparable(masked));
    expect(await verify(randomUUID())).toMatchObject({ status: 404 });
  });

  test.each([
    ["", "?tenant_id"],
    ["?tenant_id=x", "?tenant_id"],
    [`?tenant_id=${randomUUID()}&limit=1`, "?limit"],
  ])("400: %s; 401 without a token", async (query, pointer) => {
    const path = `/v1/audit/verify${query}`;
    expect(await app().call("GET", path, { as: platformAdmin })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
    expect(await app().call("GET", path)).toMatchObject({ status: 401 });
  });
});

test("what somebody does with the database's own rights is found", async () => {
  await using harness = await postgresHarness(inject("postgres"));
  await using app = await callApp(harness);
  const sql = postgres(harness.url, { max: 1, onnotice: () => undefined });
  await using _closing = { [Symbol.asyncDispose]: () => sql.end() };
  const firstBroken = async (
    tamper: (sql: postgres.TransactionSql, tenantId: string) => Promise<unknown>,
  ) => {
    const tenant = await givenTenant(harness.store);
    const body = { tenant_id: tenant.id, product: "ai-chat", action: "note.added", metadata: { n: 1 } };
    for (let n = 0; n < 4; n++) await app.call("POST", "/v1/audit", { as: platformAdmin, body });
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tamper(tx, tenant.id);
    });
    const answer = await app.call("GET", `/v1/audit/verify?tenant_id=${tenant.id}`, { as: platformAdmin });
    expect(answer.status).toBe(200);
    return answer.body.first_broken;
  };

  expect(await firstBroken(async () => undefined)).toBeNull();
  for (const assignment of [
    "metadata = '{\"n\":2}'",
    "metadata = '{\"n\":1e400}'",
    'metadata = \'{"n":"\\ud800"}\'',
    "created_at = created_at + interval '1 microsecond'",
    "occurred_at = now()",
    "ip = '10.0.0.1'",
    "product = 'other'",
    "target_id = ''",
    "tenant_id = null",
    "tenant_ref = gen_random_uuid()",
    "key_id = 'none'",
    "hash = reverse(hash)",
    "seq = 100",
  ]) {
    const edit = (tx: postgres.TransactionSql, id: string) =>
      tx.unsafe(`update audit_log set ${assignment} where tenant_ref = $1 and seq = 3`, [id]);
    expect(await firstBroken(edit), assignment).toBe(3);
  }
  expect(await firstBroken((tx, id) => tx`delete from audit_log where tenant_ref = ${id} and seq = 2`)).toBe(
    2,
  );
  expect(await firstBroken((tx, id) => tx`delete from audit_log where tenant_ref = ${id} and seq = 5`)).toBe(
    5,
  );
  expect(await firstBroken((tx, id) => tx`delete from audit_heads where tenant_ref = ${id}`)).toBe(6);
  expect(
    await firstBroken(async (tx, id) => {
      await tx`delete from audit_log where tenant_ref = ${id} and seq > 3`;
      await tx`
        update audit_heads h set seq = a.seq, hash = a.hash from audit_log a
        where h.tenant_ref = ${id} and a.tenant_ref = ${id} and a.seq = 3`;
    }),
  ).toBe(4);
  expect(
    await firstBroken(
      (tx, id) => tx`
        insert into audit_log (id, tenant_id, tenant_ref, actor_type, actor_id, action, created_at, seq, hash, key_id)
        select gen_random_uuid(), tenant_id, tenant_ref, actor_type, actor_id, action, now(), 6, hash, key_id
        from audit_log where tenant_ref = ${id} and seq = 5`,
    ),
  ).toBe(6);
});
