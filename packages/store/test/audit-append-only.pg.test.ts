import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createClient, type Client } from "../src/postgres/client.ts";
import { givenTenant, postgresHarness } from "../src/testing/index.ts";

let harness: Awaited<ReturnType<typeof postgresHarness>>;
let owner: Client;
let writer: Client;

beforeAll(async () => {
  harness = await postgresHarness(inject("postgres"));
  const options = { url: harness.url, applicationName: "test", connectionsMax: 1 };
  owner = createClient({ ...options, role: null });
  writer = createClient({ ...options, role: "leftrail_writer" });
});
afterAll(async () => {
  await Promise.all([owner.end(), writer.end()]);
  await harness[Symbol.asyncDispose]();
});

const notAllowed = { code: "42501" };

test("the writer's role may add to the trail, not change, remove or empty it", async () => {
  await givenTenant(harness.store);
  await expect(writer`select 1 from audit_log`).resolves.toBeDefined();
  for (const attempt of [
    writer`update audit_log set action = 'x'`,
    writer`delete from audit_log`,
    writer`truncate audit_log`,
  ]) {
    await expect(attempt).rejects.toMatchObject(notAllowed);
  }
});

test("the writer's role can't get around that, nor take a head away", async () => {
  await givenTenant(harness.store);
  for (const statement of [
    "alter table audit_log disable trigger all",
    "alter table audit_log drop constraint audit_log_seq_key",
    "alter table audit_log owner to leftrail_writer",
    "drop trigger audit_log_no_rewrite on audit_log",
    "create trigger mine before insert on audit_log for each row execute function record_truncation()",
    "create or replace rule mine as on insert to audit_log do instead nothing",
    "create or replace function audit_log_is_append_only() returns trigger language plpgsql as 'begin return new; end'",
    "drop function audit_log_is_append_only() cascade",
    "drop table audit_log",
    "set session_replication_role = replica",
    "update audit_log set tenant_id = null",
    "insert into audit_log select * from audit_log on conflict (id) do update set action = 'x'",
    "delete from audit_heads",
    "truncate audit_heads",
    "drop table audit_heads",
  ]) {
    await expect(writer.unsafe(statement), statement).rejects.toMatchObject(notAllowed);
  }
});

test("even the owner is stopped", async () => {
  await givenTenant(harness.store);
  for (const attempt of [
    owner`update audit_log set action = 'x'`,
    owner`update audit_log set tenant_id = null, action = 'x'`,
    owner`delete from audit_log`,
    owner`truncate audit_log cascade`,
  ]) {
    await expect(attempt).rejects.toThrow("audit_log is append-only");
  }
});

test.each([
  ["a seq below the first", { seq: 0 }],
  ["a moment that no answer can show", { created_at: "infinity" }],
  ["a moment before the year 1", { occurred_at: "0044-03-15 12:00:00+00 BC" }],
  ["metadata that is no object", { metadata: "[]" }],
  ["a seq that is taken", {}],
])("takes no entry with %s, whoever writes it", async (_title, change) => {
  const tenant = await givenTenant(harness.store);
  const [row] = await owner`
    select to_jsonb(a) as entry from audit_log a where tenant_ref = ${tenant.id}`;
  const entry = JSON.stringify({ ...row?.["entry"], id: randomUUID(), ...change });
  await expect(
    owner`insert into audit_log select * from json_populate_record(null::audit_log, ${entry}::text::json)`,
  ).rejects.toMatchObject({ constraint_name: expect.stringMatching(/^audit_log_/) });
});
