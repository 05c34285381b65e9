import { readFileSync } from "node:fs";
import { interleave, prepareRequest, quantile, readMetrics, type Line } from "@leftrail/testkit/bench";
import { against } from "./against.ts";
import { startReaders, type Arrivals } from "./stream-readers.ts";
import { replayedEvents, type StreamServer, type StreamServers } from "./stream-servers.ts";

const count = 10_000;
const rounds = 3;
const instances = 2;
const targetMs = 2_000;
/** What the stream's `retry:` differs by. */
const spreadMs = 1_000;
const storms = {
  "all at once": { atOnce: count, marks: replayedEvents },
  /** As EventSource does, which waits as long as it was told. */
  "within the second that `retry:` spreads them over": { withinMs: spreadMs, marks: replayedEvents },
};

/** All readers lose their connections, and come back having missed some events. */
export async function measureReconnects(servers: StreamServers): Promise<Line[]> {
  const { members, publish, startHotPath, startPlain } = servers;
  await using ours = await startHotPath();
  await using plain = await startPlain();
  await using readers = startReaders();
  await using plainReaders = startReaders();
  const some = members.slice(0, count);
  await readers.open(
    ours.url,
    some.map((member) => member.streamRequest()),
  );
  const lastId = await publish();
  for (let missed = 0; missed < replayedEvents; missed++) await publish();
  const requests = some.map((member) => member.streamRequest(lastId));
  const plainRequest = prepareRequest({ path: "/replay" });
  const plainRequests = some.map(() => plainRequest);

  const lines: Line[] = [];
  const sentAway = { comebacks: 0, refusals: 0 };
  for (const [how, storm] of Object.entries(storms)) {
    const comeBack = async (server: StreamServer): Promise<number> => {
      await readers.cut();
      const arrivals = await readers.open(server.url, requests, storm);
      sentAway.comebacks += arrivals.comebacks;
      sentAway.refusals += arrivals.refusals;
      return p99Ms(arrivals);
    };
    const readsBefore = await historyReads(ours);
    const measured = await interleave(rounds, {
      ours: () => comeBack(ours),
      plain: async () => {
        await plainReaders.cut();
        return p99Ms(await plainReaders.open(plain.url, plainRequests, storm));
      },
    });
    const reads = (await historyReads(ours)) - readsBefore;
    const elsewhere: { ms: number; reads: number }[] = [];
    for (let instance = 0; instance < instances; instance++) {
      await using other = await startHotPath();
      elsewhere.push({ ms: await comeBack(other), reads: await historyReads(other) });
      await readers.cut();
    }
    const elsewhereMs = quantile(
      elsewhere.map(({ ms }) => ms),
      0.5,
    );
    const elsewhereReads = Math.max(...elsewhere.map((one) => one.reads));
    lines.push(
      { what: `reconnects, ${replayedEvents} events each, ${how}:`, value: count, unit: "" },
      { what: "  plain node:http, p99", value: measured.typical("plain"), unit: "ms" },
      against({ what: "  p99", value: measured.typical("ours"), unit: "ms" }, targetMs, inTheWay()),
      { what: "  it ÷ plain", value: measured.ratio("ours", "plain"), unit: "×" },
      against({ what: "  history reads for each storm", value: reads / (rounds + 1), unit: "" }, 1),
      against(
        { what: "  to another instance that knows nobody, p99", value: elsewhereMs, unit: "ms" },
        targetMs,
        `each token is verified and everybody's access is read there for the first time; ${inTheWay()}`,
      ),
      against({ what: "  history reads of that one", value: elsewhereReads, unit: "" }, 1),
    );
  }
  return [
    ...lines,
    { what: "readers that were told to come back later", value: sentAway.comebacks, unit: "" },
    against(
      { what: "readers that got an error", value: sentAway.refusals, unit: "" },
      0,
      "whose request took over ten seconds to arrive, as where connections have to wait for the server to accept them",
    ),
  ];
}

/** Of those who come at once, the system lets so many wait to be accepted; the others knock again after 1 s and 3 s. */
function inTheWay(): string {
  const max = readFileSync("/proc/sys/net/core/somaxconn", "utf8").trim();
  return `the system lets ${max} connections wait (net.core.somaxconn), and others knock again after 1 s and 3 s`;
}

/** From a reader's first attempt to its last event. */
const p99Ms = ({ waitedMs }: Arrivals): number => quantile(waitedMs, 0.99);

const historyReads = async ({ url }: StreamServer): Promise<number> =>
  (await readMetrics(url)).get("leftrail_stream_history_read_seconds_count") ?? Number.NaN;
