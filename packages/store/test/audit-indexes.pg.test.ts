import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { AuditFilters } from "../src/port/audit.ts";
import { selectPage } from "../src/postgres/audit.ts";
import { createClient, type Client } from "../src/postgres/client.ts";
import type { NewestPosition } from "../src/records.ts";
import { at, postgresHarness } from "../src/testing/index.ts";

const rowsMax = 200_000;
const limit = 50;
/** What a page may cost: index entries and rows, shown or not. */
const rowsReadMax = 500;

/** What Postgres tells of one step of a plan; see EXPLAIN (FORMAT JSON). */
interface PlanNode {
  readonly "Node Type": string;
  readonly "Actual Rows": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

let harness: Awaited<ReturnType<typeof postgresHarness>>;
let owner: Client;
const tenants = { large: randomUUID(), gone: randomUUID(), rare: randomUUID(), none: randomUUID() };

/**
 * Two years of rows: one tenant has a fifth of them, 500 the rest; three products, 2,000 actors, 20
 * actions. What is `gone` made as many, but no more in the second year; what is `rare` ten.
 */
beforeAll(async () => {
  harness = await postgresHarness(inject("postgres"));
  owner = createClient({ url: harness.url, applicationName: "test-owner", role: null, connectionsMax: 1 });
  await owner.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`set local statement_timeout = 0`;
    const indexes = await sql<{ name: string; definition: string }[]>`
      select indexname as name, indexdef as definition from pg_indexes
      where tablename = 'audit_log' and indexname like '%\\_idx'`;
    // All rows first, for one by one the indexes take a quarter of a minute.
    for (const { name } of indexes) await sql`drop index ${sql(name)}`;
    await sql`
      insert into audit_log (id, tenant_ref, product, actor_type, actor_id, action, created_at, seq, hash, key_id)
      select gen_random_uuid(),
        case n % 5 when 0 then ${tenants.large}::uuid when 1 then case when n < ${rowsMax / 2}
          then ${tenants.gone}::uuid else ${tenants.large}::uuid end else md5('t' || n % 500)::uuid end,
        case when n < ${rowsMax / 2} and n % 2 = 0 then 'gone' when n % 3 = 0 then 'ai-chat' end, 'user',
        case when n < ${rowsMax / 2} and n % 7 = 0 then 'gone' else 'a' || n % 2000 end,
        case when n < ${rowsMax / 2} and n % 3 = 0 then 'gone' else 'action.' || n % 20 end,
        '2025-01-01Z'::timestamptz + make_interval(mins => n * 5), n, '', ''
      from generate_series(1, ${rowsMax}::int) n`;
    await sql`
      insert into audit_log (id, tenant_ref, product, actor_type, actor_id, action, created_at, seq, hash, key_id)
      select gen_random_uuid(), ${tenants.rare}, 'rare', 'service', 'rare', 'rare',
        '2025-01-01Z'::timestamptz + make_interval(secs => n), n, '', ''
      from generate_series(1, 10) n`;
    for (const { definition } of indexes) await sql.unsafe(definition);
  });
  await owner`analyze audit_log`;
}, 60_000);
afterAll(async () => {
  await owner.end();
  await harness[Symbol.asyncDispose]();
});

const everything: AuditFilters = {
  tenantRef: null,
  product: null,
  actorId: null,
  action: null,
  since: null,
  until: null,
};
const afterMiddle: NewestPosition = { createdAt: at("2026-01-01T00:00:00"), id: randomUUID() };

async function planOf(filters: Partial<AuditFilters>, after: NewestPosition | null = null) {
  const query = selectPage(owner, { ...everything, ...filters }, { limit, after });
  const [row] = await owner<{ "QUERY PLAN": readonly { Plan: PlanNode }[] }[]>`
    explain (analyze, format json) ${query}`;
  return nodesOf(Object.values(row ?? {})[0]?.[0]?.Plan);
}

const nodesOf = (node: PlanNode | undefined): readonly PlanNode[] =>
  node === undefined ? [] : [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Rows that the scans of a plan met, whatever became of them. */
const rowsRead = (nodes: readonly PlanNode[]): number =>
  nodes
    .filter((node) => node["Node Type"].endsWith("Scan"))
    .reduce((sum, node) => sum + node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0), 0);

const filters: readonly (readonly [string, Partial<AuditFilters>])[] = [
  ["nothing", {}],
  ...["ai-chat", "gone", "rare", "none"].map((product) => [`product ${product}`, { product }] as const),
  ...["a7", "gone", "rare", "none"].map((actorId) => [`actor ${actorId}`, { actorId }] as const),
  ...["action.7", "gone", "rare", "none"].map((action) => [`action ${action}`, { action }] as const),
];

const scopes: readonly (readonly [string, Partial<AuditFilters>])[] = [
  ["all tenants", {}],
  ...Object.entries(tenants).map(([name, tenantRef]) => [`the tenant ${name}`, { tenantRef }] as const),
];

describe.each(scopes)("the newest entries of %s", (_title, tenant) => {
  test.each(filters)("by %s: a page costs some hundred rows at most, wherever it is", async (_by, filter) => {
    const span = { since: at("2025-12-01T00:00:00"), until: at("2026-02-01T00:00:00") };
    for (const bounds of [{}, { since: span.since }, { until: span.until }, span]) {
      for (const after of [null, afterMiddle]) {
        const nodes = await planOf({ ...tenant, ...filter, ...bounds }, after);
        expect(nodes.map((node) => node["Node Type"])).not.toContain("Seq Scan");
        expect(rowsRead(nodes), JSON.stringify({ bounds, after, nodes })).toBeLessThanOrEqual(rowsReadMax);
      }
    }
  });
});
