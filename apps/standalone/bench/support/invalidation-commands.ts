import { waitUntil } from "@leftrail/testkit";
import { openClient, type Line } from "@leftrail/testkit/bench";
import { Redis } from "ioredis";
import { randomUUID } from "node:crypto";
import { insertMembers, type BenchFleet } from "./bench-fleet.ts";

/** What Redis is asked to do when an organization is invalidated that so many users have cached. */
export async function countInvalidationCommands(fleet: BenchFleet): Promise<Line[]> {
  const lines: Line[] = [];
  for (const count of [10, 10_000]) {
    const organizationId = randomUUID();
    const users = await insertMembers(fleet, organizationId, count);
    using client = openClient(fleet.first.url, { socketsMax: 16 });
    await client.runClosedLoop({
      connections: 8,
      requests: count,
      request: (n) => users[n]?.features ?? Buffer.alloc(0),
    });
    lines.push({
      what: `Redis commands of one invalidation, ${count} cached users`,
      value: await commandsOfOneChange(fleet, organizationId),
      unit: "",
    });
  }
  return lines;
}

/** The relay's commands from the epoch to the message, as Redis itself tells of them. */
async function commandsOfOneChange({ sql, redis }: BenchFleet, organizationId: string): Promise<number> {
  const direct = new Redis(redis.url);
  const clients = String(await direct.client("LIST"));
  const [, relayAddress = ""] = /addr=(\S+)[^\n]*name=leftrail-relay/.exec(clients) ?? [];
  const watcher = await direct.monitor();
  const commands: string[] = [];
  watcher.on("monitor", (_time: string, args: string[], source: string) => {
    if (source === relayAddress) commands.push(args.join(" "));
  });
  await waitUntil(() => commands.length > 0, { what: "the relay's beats" });
  await sql`insert into product_access_overrides (tenant_id, target_type, target, effect)
    values (${organizationId}, 'feature', ${randomUUID()}, 'grant')`;
  await waitUntil(() => commands.some((command) => command.includes(`org:${organizationId}`)), {
    what: "the invalidation",
  });
  const isLast = (command: string): boolean => command.startsWith("xadd") && command.includes(organizationId);
  await waitUntil(() => commands.some(isLast), { what: "its message" });
  watcher.disconnect();
  direct.disconnect();
  return commands.filter((command) => command.includes(organizationId)).length;
}
