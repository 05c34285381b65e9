import { newUser } from "@leftrail/auth/testing";
import { problemSchema } from "@leftrail/contract";
import { openPostgresStore } from "@leftrail/store";
import { givenTenant, postgresHarness } from "@leftrail/store/testing";
import { createTestDatabase } from "@leftrail/testkit";
import postgres from "postgres";
import { expect, inject, test } from "vitest";
import { callApp, newSlug, platformAdmin } from "./call-app.ts";

test("500 without detail when the audit entry can't be written, and nothing has changed", async () => {
  await using harness = await postgresHarness(inject("postgres"));
  await using app = await callApp(harness);
  const tenant = await givenTenant(harness.store, { status: "pending" });
  await using owner = ownerOf(harness.url);
  await owner.sql`create function refuse() returns trigger language plpgsql as $$
    begin raise exception 'secret internals'; end $$`;
  await owner.sql`create trigger refuse before insert on audit_log execute function refuse()`;
  const before = await harness.dump();

  const created = await app.call("POST", "/v1/tenants", {
    as: newUser(),
    body: { slug: newSlug(), name: "x" },
  });
  const activated = await app.call("POST", `/v1/tenants/${tenant.id}/activate`, { as: platformAdmin });
  for (const answer of [created, activated]) {
    expect(answer.status).toBe(500);
    expect(problemSchema.parse(answer.body).code).toBe("internal");
    expect(answer.text).not.toMatch(/secret|audit|insert|pg|postgres/i);
  }
  expect(await harness.dump()).toEqual(before);
  expect(app.logged.join("")).toContain("secret internals");
});

test("503 with Retry-After while the database is gone, not ready but alive, and well again when it is back", async () => {
  await using harness = await postgresHarness(inject("postgres"));
  const unreachable = new URL(harness.url);
  unreachable.port = "1";
  await using store = openPostgresStore({
    url: unreachable.href,
    applicationName: "test",
    auditKeys: harness.auditKeys,
  });
  await using app = await callApp({ store, auditKeys: harness.auditKeys });
  const calls = [
    app.call("GET", "/v1/tenants", { as: newUser() }),
    app.call("POST", "/v1/tenants", { as: newUser(), body: { slug: newSlug(), name: "x" } }),
    app.call("GET", "/v1/catalog", { as: newUser() }),
  ];
  for (const answer of await Promise.all(calls)) {
    expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(answer.text).not.toContain("127.0.0.1");
  }
  expect(await app.call("GET", "/readyz")).toMatchObject({
    status: 503,
    body: { status: "unavailable", dependencies: { database: "failed: error", issuers: "ok" } },
  });
  expect(await app.call("GET", "/healthz")).toMatchObject({ status: 200 });
});

test("a request goes through again as soon as a dropped connection can be made anew", async () => {
  await using database = await createTestDatabase(inject("postgres"));
  await using harness = await postgresHarness(inject("postgres"));
  await using store = openPostgresStore({
    url: database.url,
    applicationName: "test-recovers",
    auditKeys: harness.auditKeys,
  });
  await using app = await callApp({ store, auditKeys: harness.auditKeys });
  await using owner = ownerOf(database.url);
  expect(await app.call("GET", "/v1/catalog", { as: newUser() })).toMatchObject({ status: 200 });
  await owner.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-recovers'`;
  const statuses = [];
  do statuses.push((await app.call("GET", "/v1/catalog", { as: newUser() })).status);
  while (statuses.at(-1) !== 200 && statuses.length < 20);
  expect(statuses.at(-1)).toBe(200);
  expect(new Set(statuses.slice(0, -1)).difference(new Set([503])).size).toBe(0);
});

function ownerOf(url: string) {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  return { sql, [Symbol.asyncDispose]: () => sql.end() };
}
