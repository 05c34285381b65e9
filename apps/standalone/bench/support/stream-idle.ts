import { readFileSync } from "node:fs";
import { prepareRequest, quantile, type Line } from "@leftrail/testkit/bench";
import { against } from "./against.ts";
import { coreShares, mean } from "./stream-cpu.ts";
import { holdStreams } from "./stream-held.ts";
import { heartbeatMs, type StreamServers } from "./stream-servers.ts";

const wantedStreams = 20_000;
/** What a process has open besides. */
const otherDescriptors = 200;
/** Two periods of the heartbeat in all. */
const measured = { windows: 6, windowMs: heartbeatMs / 3 };
/** As many as one user may have. */
const streamsOfOne = 20;

/** What streams cost that get nothing but heartbeats: memory of their server, and CPU. */
export async function measureIdle({ members, startHotPath, startPlain }: StreamServers): Promise<Line[]> {
  const descriptors = descriptorsMax();
  const count = Math.min(wantedStreams, descriptors - otherDescriptors);
  const requests = members.slice(0, count).map((member) => member.streamRequest());
  const plainRequest = prepareRequest({ path: "/" });
  await using plain = await holdStreams(
    await startPlain(),
    requests.map(() => plainRequest),
  );
  await using each = await holdStreams(await startHotPath(), requests);
  const [plainShares, shares] = await Promise.all([
    coreShares(plain.server, measured),
    coreShares(each.server, measured),
  ]);
  await using twenties = await holdStreams(
    await startHotPath(),
    requests.map((_, n) => requests[Math.floor(n / streamsOfOne)] ?? plainRequest),
  );
  const per10000 = (share: number): number => (share * 100 * 10_000) / count;
  const restricted = `, not ${wantedStreams}: a process may have ${descriptors} descriptors here`;
  return [
    { what: `streams held${count < wantedStreams ? restricted : ""}`, value: count, unit: "" },
    { what: "plain node:http, memory of an open response", value: plain.residentKib, unit: "KiB" },
    { what: "memory of a stream, each another user's", value: each.residentKib, unit: "KiB" },
    against(
      { what: "it ÷ plain", value: each.residentKib / plain.residentKib, unit: "×" },
      1.3,
      "a third of it is who each user is and what they may see, kept in caches that have bounds",
    ),
    { what: `memory of a stream, ${streamsOfOne} of each user`, value: twenties.residentKib, unit: "KiB" },
    against({ what: "it ÷ plain", value: twenties.residentKib / plain.residentKib, unit: "×" }, 1.3),
    { what: "plain node:http, heap of an open response", value: plain.heapKib, unit: "KiB" },
    { what: "heap of a stream, each another user's", value: each.heapKib, unit: "KiB" },
    { what: `heap of a stream, ${streamsOfOne} of each user`, value: twenties.heapKib, unit: "KiB" },
    { what: "plain node:http, 10,000 heartbeats, of a core", value: per10000(mean(plainShares)), unit: "%" },
    { what: "hot path without streams, of a core", value: each.shareBefore * 100, unit: "%" },
    against(
      {
        what: "10,000 streams with heartbeats, of a core besides",
        value: per10000(quantile(shares, 0.5) - each.shareBefore),
        unit: "%",
      },
      2,
      "the writes are as many as the plain server's; the rest is looking at who may still see what, and garbage",
    ),
    {
      what: "the same where the relay is heard late, and everybody's access is looked at again",
      value: per10000(mean(shares) - each.shareBefore),
      unit: "%",
    },
  ];
}

/** Node takes as many as it may have. */
function descriptorsMax(): number {
  const [, max] = /^Max open files +\S+ +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return Number(max ?? Number.POSITIVE_INFINITY);
}
