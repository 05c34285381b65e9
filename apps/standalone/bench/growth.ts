import {
  interleave,
  openClient,
  quantile,
  report,
  residentBytesOf,
  type Line,
} from "@leftrail/testkit/bench";
import { insertUsers, startBenchFleet, type BenchFleet, type BenchUser } from "./support/bench-fleet.ts";

import { measureMillionUsers } from "./support/million-users.ts";

const small = 1_000;
const large = 1_000_000;
const rounds = 20;
const readsPerRound = 60;
const reads = ["organizations", "features"] as const;

async function main(): Promise<void> {
  const lines: Line[] = [...(await measureMillionUsers())];
  await using few = await startBenchFleet();
  await using many = await startBenchFleet();
  await fill(few, small);
  await fill(many, large);
  for (const read of reads) lines.push(...(await compareCold(read, few, many)));
  lines.push(
    {
      what: `hot path's memory, ${small} tenants`,
      value: residentBytesOf(few.first.pid) / 2 ** 20,
      unit: "MiB",
    },
    {
      what: `hot path's memory, ${large} tenants`,
      value: residentBytesOf(many.first.pid) / 2 ** 20,
      unit: "MiB",
    },
  );
  report("growth", lines);
}

/** Each read for the first time, one after the other, in turn on both databases. */
async function compareCold(read: (typeof reads)[number], few: BenchFleet, many: BenchFleet): Promise<Line[]> {
  const coldReads = async (fleet: BenchFleet) => {
    const users = await insertUsers(fleet, (rounds + 1) * readsPerRound);
    // Their tokens are known: the other read has been asked for.
    const other = read === "features" ? "organizations" : "features";
    const client = openClient(fleet.first.url, { socketsMax: 1 });
    for (const user of users) await client.send(user[other]);
    let taken = 0;
    return async (): Promise<number> => {
      const batch: readonly BenchUser[] = users.slice(taken, (taken += readsPerRound));
      const latenciesMs: number[] = [];
      for (const user of batch) {
        const { status, latencyMs } = await client.send(user[read]);
        if (status !== 200) throw new Error(`the answer was ${status}`);
        latenciesMs.push(latencyMs);
      }
      return quantile(latenciesMs, 0.5);
    };
  };
  const measured = await interleave(rounds, { few: await coldReads(few), many: await coldReads(many) });
  return [
    { what: `cold ${read}, ${small} tenants, p50`, value: measured.typical("few"), unit: "ms" },
    { what: `cold ${read}, ${large} tenants, p50`, value: measured.typical("many"), unit: "ms" },
    {
      what: `cold ${read}, ${large} ÷ ${small} (target 1.5)`,
      value: measured.ratio("many", "few"),
      unit: "×",
    },
  ];
}

/** Tenants with a member and an entitlement each, every tenth below the one before; as a restore writes them. */
async function fill({ sql }: BenchFleet, tenants: number): Promise<void> {
  await sql.begin(async (tx) => {
    // A restore fires no triggers: a million rows of changes are not what is measured.
    await tx`set local session_replication_role = replica`;
    await tx`
      insert into tenants (id, slug, name, status, parent_tenant_id)
      select md5(n::text)::uuid, 'g-' || n, 'Tenant ' || n, 'active', case when n % 10 = 0 then md5((n - 1)::text)::uuid end
      from generate_series(1, ${tenants}::int) n`;
    await tx`
      insert into memberships (tenant_id, user_id, role)
      select md5(n::text)::uuid, gen_random_uuid(), 'owner' from generate_series(1, ${tenants}::int) n`;
    await tx`
      insert into entitlements (tenant_id, product, source)
      select md5(n::text)::uuid, 'ai-chat', 'grant' from generate_series(1, ${tenants}::int) n`;
  });
  await sql`vacuum analyze`;
}

await main();
