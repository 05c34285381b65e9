import { waitUntil } from "@leftrail/testkit";
import { quantile, openClient, type Line } from "@leftrail/testkit/bench";
import { insertUsers, type BenchFleet } from "./bench-fleet.ts";

const commits = 200;
/** Between looks at the other instance. */
const lookIntervalMs = 2;

/** From the end of a commit on the control plane's database to the new answer of another instance. */
export async function measureFreshness(fleet: BenchFleet): Promise<Line[]> {
  const [user] = await insertUsers(fleet, 1);
  if (user === undefined) throw new Error("no user");
  using client = openClient(fleet.second.url, { socketsMax: 1 });
  const has = async (feature: string): Promise<boolean> =>
    (await client.sendAndKeep(user.features)).body.includes(feature);
  const untilMs: number[] = [];
  await waitUntil(async () => !(await has("extra")), { what: "the answer of before" });
  for (let n = 0; n < commits; n++) {
    const target = `extra_${n}`;
    await fleet.sql`insert into product_access_overrides (tenant_id, target_type, target, effect)
      values (${user.organizationId}, 'feature', ${target}, 'grant')`;
    const committedMs = performance.now();
    await waitUntil(() => has(`"${target}"`), { what: "the new answer", intervalMs: lookIntervalMs });
    untilMs.push(performance.now() - committedMs);
  }
  return [
    { what: "commit → fresh on another instance, p50", value: quantile(untilMs, 0.5), unit: "ms" },
    {
      what: "commit → fresh on another instance, p99 (target below 250)",
      value: quantile(untilMs, 0.99),
      unit: "ms",
    },
    {
      what: "commit → fresh on another instance, longest (target below 1000)",
      value: Math.max(...untilMs),
      unit: "ms",
    },
  ];
}
