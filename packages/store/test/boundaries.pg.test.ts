import { randomUUID } from "node:crypto";
import { orgScope } from "@leftrail/cache-keys";
import { waitUntil } from "@leftrail/testkit";
import { toInstant } from "@leftrail/contract";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { OutboxLease } from "../src/index.ts";
import { createClient, type Client } from "../src/postgres/client.ts";
import { recordBoundaries } from "../src/postgres/outbox.ts";
import {
  at,
  eachStore,
  entitlementRow,
  givenTenant,
  inMs,
  overrideRow,
  postgresHarness,
  type StoreHarness,
} from "../src/testing/index.ts";

const everything = 1000;
const future = at("2990-01-01T00:00:00");
/** Long enough to write what the boundary is of. */
const soonMs = 300;

/** The organizations that were told of a boundary, in order. */
async function boundariesIn(lease: OutboxLease): Promise<readonly string[]> {
  const rows = await lease.pending(everything);
  return [...new Set(rows.filter(({ reason }) => reason.endsWith("-boundary")).map(({ scope }) => scope))];
}

eachStore("boundaries that time reaches", (harness) => {
  test("are recorded once, one row for each organization: a trial's end, a start, an override's end", async () => {
    const { store, arrange } = harness();
    await arrange.relayed();
    await using lease = (await store.outbox.tryLead())!;
    await lease.recordBoundaries();
    const [trial, scheduled, override, several] = [
      await givenTenant(store),
      await givenTenant(store),
      await givenTenant(store),
      await givenTenant(store),
    ];
    const soon = inMs(soonMs);
    await arrange.entitlement(
      entitlementRow(trial.id, { source: "trial", status: "trialing", endsAt: soon }),
    );
    await arrange.entitlement(entitlementRow(scheduled.id, { startsAt: soon, endsAt: future }));
    await arrange.override(overrideRow(override.id, { target: "chat", expiresAt: soon }));
    await arrange.entitlement(entitlementRow(several.id, { endsAt: soon }));
    await arrange.entitlement(entitlementRow(several.id, { startsAt: soon }));
    await arrange.override(overrideRow(several.id, { target: "chat", expiresAt: soon }));
    await lease.recordBoundaries();
    expect(await boundariesIn(lease)).toEqual([]);
    await waitUntil(
      async () => {
        await lease.recordBoundaries();
        return (await boundariesIn(lease)).length > 0;
      },
      { what: "the boundaries to be recorded" },
    );
    await lease.recordBoundaries();
    const expected = [trial, scheduled, override, several].map(({ id }) => orgScope(id)).toSorted();
    expect((await boundariesIn(lease)).toSorted()).toEqual(expected);
    await arrange.relayed();
    await lease.recordBoundaries();
    expect(await boundariesIn(lease)).toEqual([]);
  });

  test("are not recorded of what is cancelled, expired, switched off, or was over before", async () => {
    const { store, arrange } = harness();
    await arrange.relayed();
    await using lease = (await store.outbox.tryLead())!;
    await lease.recordBoundaries();
    const [none, marker] = [await givenTenant(store), await givenTenant(store)];
    const [past, soon] = [inMs(-60_000), inMs(soonMs)];
    await arrange.entitlement(entitlementRow(none.id, { status: "cancelled", endsAt: soon }));
    await arrange.entitlement(entitlementRow(none.id, { status: "expired", startsAt: soon }));
    await arrange.entitlement(entitlementRow(none.id, { endsAt: past }));
    await arrange.entitlement(entitlementRow(none.id, { product: "change-radar", endsAt: future }));
    await arrange.override(overrideRow(none.id, { target: "off", active: false, expiresAt: soon }));
    await arrange.override(overrideRow(none.id, { target: "over", expiresAt: past }));
    await arrange.override(overrideRow(none.id, { target: "later", expiresAt: future }));
    await arrange.override(overrideRow(marker.id, { target: "chat", expiresAt: soon }));
    await waitUntil(
      async () => {
        await lease.recordBoundaries();
        return (await boundariesIn(lease)).length > 0;
      },
      { what: "the one boundary to be recorded" },
    );
    expect(await boundariesIn(lease)).toEqual([orgScope(marker.id)]);
  });

  test("are not recorded of what was written at its boundary or after it, for that was recorded by itself", async () => {
    const { store, arrange } = harness();
    await arrange.relayed();
    await using lease = (await store.outbox.tryLead())!;
    await lease.recordBoundaries();
    const [none, marker] = [await givenTenant(store), await givenTenant(store)];
    const soon = inMs(soonMs);
    await arrange.entitlement(entitlementRow(none.id, { startsAt: soon, updatedAt: soon }));
    await arrange.entitlement(
      entitlementRow(none.id, { product: "change-radar", endsAt: soon, updatedAt: soon }),
    );
    await arrange.override(overrideRow(none.id, { target: "over", expiresAt: soon, updatedAt: soon }));
    await arrange.override(
      overrideRow(marker.id, { target: "chat", expiresAt: inMs(soonMs + 50), updatedAt: future }),
    );
    await waitUntil(
      async () => {
        await lease.recordBoundaries();
        return (await boundariesIn(lease)).length > 0;
      },
      { what: "the one boundary to be recorded" },
    );
    expect(await boundariesIn(lease)).toEqual([orgScope(marker.id)]);
  });

  test("are recorded by the next leader when time reached them while nobody led, and are called back", async () => {
    const { store, arrange } = harness();
    await arrange.relayed();
    const first = (await store.outbox.tryLead())!;
    await first.recordBoundaries();
    const tenant = await givenTenant(store, { members: { [randomUUID()]: "member" } });
    await arrange.override(overrideRow(tenant.id, { target: "chat", expiresAt: inMs(soonMs) }));
    await first[Symbol.asyncDispose]();
    const sources = () =>
      store.read.sidebar.explainableSources(tenant.id, { userId: randomUUID(), isPlatformAdmin: true });
    await waitUntil(async () => (await sources())?.sources.overrides.length === 0, {
      what: "the override to be over",
    });
    await using lease = (await store.outbox.tryLead())!;
    let calls = 0;
    await using _listening = await store.outbox.onPending(() => {
      calls += 1;
    });
    await waitUntil(() => calls === 1, { what: "the call at once" });
    await lease.recordBoundaries();
    expect(await boundariesIn(lease)).toEqual([orgScope(tenant.id)]);
    await waitUntil(() => calls === 2, { what: "the call after boundaries were recorded" });
  });
});

describe("on Postgres", () => {
  let postgres: StoreHarness & { readonly url: string };
  let owner: Client;
  beforeAll(async () => {
    postgres = await postgresHarness(inject("postgres"));
    owner = createClient({ url: postgres.url, applicationName: "test", role: null, connectionsMax: 1 });
  });
  afterAll(async () => {
    await owner.end();
    await postgres[Symbol.asyncDispose]();
  });

  test("a boundary in the moment up to which they are recorded is not recorded again, one right after it is, unless it was written later", async () => {
    const { store, arrange } = postgres;
    const [until, after] = ["2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000001Z"].map(toInstant);
    const [on, right, written] = [
      await givenTenant(store),
      await givenTenant(store),
      await givenTenant(store),
    ];
    for (const [{ id }, moment, stamps] of [
      [on, until!, {}],
      [right, after!, {}],
      [written, after!, { updatedAt: at("2026-01-01T00:00:01") }],
    ] as const) {
      await arrange.entitlement(entitlementRow(id, { startsAt: moment, endsAt: future, ...stamps }));
      await arrange.entitlement(entitlementRow(id, { product: "change-radar", endsAt: moment, ...stamps }));
      await arrange.override(overrideRow(id, { target: "chat", expiresAt: moment, ...stamps }));
    }
    await owner`update change_relay set boundaries_until = ${until!}`;
    await using lease = (await store.outbox.tryLead())!;
    await lease.recordBoundaries();
    expect(await boundariesIn(lease)).toEqual([orgScope(right.id)]);
  });

  test("a clock that is set back neither repeats boundaries nor takes progress away", async () => {
    const { store, arrange } = postgres;
    await arrange.relayed();
    await owner`update change_relay set boundaries_until = ${future}`;
    await using lease = (await store.outbox.tryLead())!;
    await lease.recordBoundaries();
    expect(await boundariesIn(lease)).toEqual([]);
    expect(await owner`select boundaries_until from change_relay`).toEqual([{ boundariesUntil: future }]);
    await owner`update change_relay set boundaries_until = now()`;
  });

  test("looking for them reads indexes, however many rows there are", async () => {
    const tenant = await givenTenant(postgres.store);
    const other = await givenTenant(postgres.store);
    await owner.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`
        insert into entitlements (tenant_id, product, source, status, starts_at, ends_at)
        select ${tenant.id}, 'ai-chat', 'grant', 'active', moment, moment + interval '30 minutes'
        from generate_series(now() - interval '10000 hours', now() + interval '10000 hours', '1 hour') moment`;
      await sql`
        insert into product_access_overrides (tenant_id, target_type, target, effect, expires_at)
        select ${other.id}, 'feature', moment::text, 'grant', moment
        from generate_series(now() - interval '10000 hours', now() + interval '10000 hours', '1 hour') moment`;
    });
    await owner`analyze entitlements`;
    await owner`analyze product_access_overrides`;
    const [row] = await owner<{ "QUERY PLAN": readonly { Plan: PlanNode }[] }[]>`
      explain (format json) ${recordBoundaries(owner)}`;
    const nodes = nodesOf(Object.values(row ?? {})[0]![0]!.Plan);
    const scans = nodes.filter((node) => node["Node Type"] === "Seq Scan");
    expect(scans.map((node) => node["Relation Name"])).not.toContain("entitlements");
    expect(scans.map((node) => node["Relation Name"])).not.toContain("product_access_overrides");
    expect(nodes.flatMap((node) => node["Index Name"] ?? []).toSorted()).toEqual([
      "entitlements_ends_idx",
      "entitlements_starts_idx",
      "product_access_overrides_expires_idx",
    ]);
  });
});

/** What Postgres tells of one step of a plan; see EXPLAIN (FORMAT JSON). */
interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
