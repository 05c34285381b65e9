import { report } from "@leftrail/testkit/bench";
import { measureFanOut } from "./support/stream-fan-out.ts";
import { measureIdle } from "./support/stream-idle.ts";
import { measureReconnects } from "./support/stream-reconnects.ts";
import { startStreamServers } from "./support/stream-servers.ts";

/** As many as any of the measurements has streams. */
const membersCount = 20_000;

async function main(): Promise<void> {
  await using servers = await startStreamServers({ membersCount });
  report("stream", [
    ...(await measureIdle(servers)),
    ...(await measureFanOut(servers)),
    ...(await measureReconnects(servers)),
  ]);
}

await main();
