import { waitUntil } from "@leftrail/testkit";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callAs, organizationIds, type Caller } from "../set-up/call-as.ts";
import { startLeftrail, type Leftrail } from "../set-up/run-leftrail.ts";
import { freshWithinMs } from "../set-up/steady-reader.ts";
import { makeWorkFolder, type WorkFolder } from "../set-up/work-folder.ts";

let folder: WorkFolder;
let leftrail: Leftrail;
let sql: postgres.Sql;
let alice: Caller;
let features: string;

beforeAll(async () => {
  folder = await makeWorkFolder();
  leftrail = await startLeftrail({ cwd: folder.path });
  const kept = (name: string) => readFile(join(folder.path, ".leftrail", name), "utf8");
  const port = (await kept("postgres/postmaster.pid")).split("\n")[3] ?? "";
  const password = await kept("postgres-password");
  sql = postgres(`postgres://postgres:${password.trim()}@127.0.0.1:${port.trim()}/leftrail`, { max: 1 });
  alice = await callAs(leftrail.url, "alice");
  features = `/v1/organizations/${(await organizationIds(alice))["acme"]}/features`;
});
afterAll(async () => {
  await sql.end();
  await leftrail[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const ask = async () => {
  const response = await alice.get(features);
  return { tier: response.headers.get("cache-status"), body: await response.text() };
};

const untilCached = () =>
  waitUntil(async () => (await ask()).tier === "leftrail; hit; detail=l1", { what: "a hit" });

const aSecondLater = async () => {
  const committedMs = performance.now();
  await waitUntil(() => performance.now() > committedMs + freshWithinMs, { what: "a second to pass" });
};

test("without Redis: reads come from the process, and what any SQL client commits is fresh within a second", async () => {
  await untilCached();
  await sql`insert into product_access_overrides (tenant_id, target_type, target, effect)
    select id, 'feature', 'extra', 'grant' from tenants where slug = 'acme'`;
  await aSecondLater();
  expect((await ask()).body).toContain('"extra"');
  await untilCached();
  await sql`update tenants set status = 'cancelled' where slug = 'acme'`;
  await aSecondLater();
  expect((await ask()).body).toBe('{"features":[]}');
  await sql`update tenants set status = 'active' where slug = 'acme'`;
});

test("without Redis: an override that ends in the middle of an entry's life is gone at its boundary", async () => {
  const [row] = await sql`
    insert into product_access_overrides (tenant_id, target_type, target, effect, expires_at)
    select id, 'feature', 'for_a_while', 'grant', clock_timestamp() + interval '1500 milliseconds'
    from tenants where slug = 'acme'
    returning extract(epoch from expires_at - clock_timestamp()) * 1000 as left_ms`;
  const endsMs = performance.now() + Number(row?.["left_ms"]);
  await waitUntil(async () => (await ask()).body.includes("for_a_while"), { what: "the override" });
  await waitUntil(() => performance.now() >= endsMs, { what: "the boundary", intervalMs: 1 });
  expect((await ask()).body).not.toContain("for_a_while");
});

test("without Redis: the relay leads, and leaves nothing in the outbox", async () => {
  await waitUntil(async () => (await sql`select 1 from change_outbox`).length === 0, { what: "the relay" });
  const metrics = await (await fetch(`${leftrail.url}/metrics`)).text();
  expect(metrics).toMatch(/^leftrail_relay_leading 1$/m);
});
