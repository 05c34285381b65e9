import { interleave, prepareRequest, quantile, type Line } from "@leftrail/testkit/bench";
import { against } from "./against.ts";
import { coreShares, cpuMicrosFor, mean } from "./stream-cpu.ts";
import { monotonicMs } from "./stream-marks.ts";
import { startReaders, type StreamReaders } from "./stream-readers.ts";
import type { StreamServer, StreamServers } from "./stream-servers.ts";

const audiences = [
  { count: 1_000, eventsPerRound: 20 },
  { count: 10_000, eventsPerRound: 4 },
];
const rounds = 6;
const shareAnyway = { windows: 1, windowMs: 2_000 };

/** What one event costs that goes to all readers of an organization, and when they have it. */
export async function measureFanOut({ members, startHotPath, startPlain }: StreamServers): Promise<Line[]> {
  await using ours = await startHotPath();
  await using plain = await startPlain();
  await using ourReaders = startReaders();
  await using plainReaders = startReaders();
  const plainRequest = prepareRequest({ path: "/" });
  const lines: Line[] = [];
  for (const { count, eventsPerRound } of audiences) {
    const some = members.slice(0, count);
    await Promise.all([ourReaders.cut(), plainReaders.cut()]);
    await ourReaders.open(
      ours.url,
      some.map((member) => member.streamRequest()),
    );
    await plainReaders.open(
      plain.url,
      some.map(() => plainRequest),
    );
    const tellOurs = await createTelling(ours, ourReaders, eventsPerRound);
    const tellPlain = await createTelling(plain, plainReaders, eventsPerRound);
    const latency = await interleave(rounds, { ours: tellOurs.round, plain: tellPlain.round });
    const cpu = await interleave(rounds, { ours: tellOurs.cpuOfRound, plain: tellPlain.cpuOfRound });
    const perDelivery = (name: "ours" | "plain"): number => cpu.typical(name) / eventsPerRound / count;
    const publishedMs = quantile(tellOurs.publishedAfterMs, 0.5);
    lines.push(
      { what: `plain loop, one event to ${count} readers, p99`, value: latency.typical("plain"), unit: "ms" },
      { what: `one event to ${count} readers, p99`, value: latency.typical("ours"), unit: "ms" },
      { what: "of it until publishing it is answered, p50", value: publishedMs, unit: "ms" },
      against(
        { what: `one event to ${count} readers ÷ plain`, value: latency.ratio("ours", "plain"), unit: "×" },
        1.3,
        "the way by the control plane, Postgres and Redis is in it; the plain server is told by the client itself",
      ),
      { what: `plain loop, CPU per delivery to ${count}`, value: perDelivery("plain"), unit: "µs" },
      { what: `CPU per delivery to ${count}`, value: perDelivery("ours"), unit: "µs" },
      against(
        { what: `CPU per delivery to ${count} ÷ plain`, value: cpu.ratio("ours", "plain"), unit: "×" },
        1.3,
      ),
    );
  }
  return lines;
}

/** From publishing an event to its last readers, again and again. */
async function createTelling(server: StreamServer, readers: StreamReaders, eventsPerRound: number) {
  const anyway = mean(await coreShares(server, shareAnyway));
  const publishedAfterMs: number[] = [];
  const cpuMicros: number[] = [];
  let told = 0;
  const tellOnce = async (): Promise<number> => {
    const startMs = monotonicMs();
    await server.publish();
    publishedAfterMs.push(monotonicMs() - startMs);
    const { arrivalsMs } = await readers.untilMarks(++told);
    return quantile(arrivalsMs, 0.99) - startMs;
  };
  return {
    publishedAfterMs,
    /** The median of its events. */
    round: async (): Promise<number> => {
      const p99sMs: number[] = [];
      const used = await cpuMicrosFor(server, anyway, async () => {
        for (let event = 0; event < eventsPerRound; event++) p99sMs.push(await tellOnce());
      });
      cpuMicros.push(used);
      return quantile(p99sMs, 0.5);
    },
    /** Of the rounds so far, one after the other. */
    cpuOfRound: async (): Promise<number> => cpuMicros.shift() ?? Number.NaN,
  };
}
