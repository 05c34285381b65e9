import type { ServiceProcess } from "@leftrail/testkit";
import {
  cpuMicrosOf,
  interleave,
  openClient,
  openLoop,
  quantile,
  report,
  startHttpFloor,
  type Line,
  type LoadClient,
} from "@leftrail/testkit/bench";
import { against } from "./support/against.ts";
import { insertUsers, startBenchFleet, type BenchFleet, type BenchUser } from "./support/bench-fleet.ts";
import { countInvalidationCommands } from "./support/invalidation-commands.ts";
import { measureFreshness } from "./support/freshness.ts";
import { measureStart } from "./support/start-time.ts";

const rounds = 10;
const hitsPerRound = 8_000;
const redisHitsPerRound = 700;
const warmUsers = 200;
const connections = 4;
const perSecond = 2_000;
const secondsAtRate = 10;
const coldPerSecond = 200;
const coldSeconds = 5;

async function main(): Promise<void> {
  await using fleet = await startBenchFleet();
  report("reads", [
    ...(await compareWithFloor(fleet)),
    ...(await latencyAtRate(fleet)),
    ...(await coldReads(fleet)),
    ...(await measureFreshness(fleet)),
    ...(await countInvalidationCommands(fleet)),
    ...(await measureStart(fleet)),
  ]);
}

/** CPU of the server for each answer, beside a plain server's that gets the same requests and gives the same bytes. */
async function compareWithFloor(fleet: BenchFleet): Promise<Line[]> {
  const { first, second } = fleet;
  const users = await insertUsers(fleet, warmUsers);
  using client = openClient(first.url, { socketsMax: connections });
  for (const { features } of users) await client.send(features);
  const [someone] = users;
  if (someone === undefined) throw new Error("no users");
  const { headers, body } = await client.sendAndKeep(someone.features);
  const byNode = new Set(["date", "connection", "keep-alive", "content-length"]);
  await using floor = await startHttpFloor({
    body: body.toString(),
    headers: Object.fromEntries([...headers].filter(([name]) => !byNode.has(name))),
  });
  using floorClient = openClient(floor.url, { socketsMax: connections });
  using secondClient = openClient(second.url, { socketsMax: connections });
  const strangers = await insertUsers(fleet, (rounds + 2) * redisHitsPerRound);
  // Their tokens are known to the second instance: what is measured is the read.
  const known = (n: number) => at(strangers, n).organizations;
  await secondClient.runClosedLoop({ connections, requests: strangers.length, request: known });
  let taken = 0;

  const measured = await interleave(rounds, {
    floor: () => cpuPerRequest(floor, floorClient, hitsPerRound, () => someone.features),
    l1: () => cpuPerRequest(first, client, hitsPerRound, (n) => at(users, n % users.length).features),
    l2: async () => {
      // Read by one instance, so that they are in Redis, then once each by the other.
      const from = taken;
      taken += redisHitsPerRound;
      const request = (n: number) => at(strangers, from + n).features;
      await client.runClosedLoop({ connections, requests: redisHitsPerRound, request });
      return cpuPerRequest(second, secondClient, redisHitsPerRound, request);
    },
  });
  const { headers: last } = await secondClient.sendAndKeep(at(strangers, taken - 1).features);
  if (last.get("cache-status") !== "leftrail; hit; detail=l1") throw new Error("what was read is not cached");
  return [
    { what: "plain node:http, CPU per request", value: measured.typical("floor"), unit: "µs" },
    { what: "hit in the process, CPU per request", value: measured.typical("l1"), unit: "µs" },
    { what: "hit in Redis, CPU per request", value: measured.typical("l2"), unit: "µs" },
    against(
      { what: "hit in the process ÷ plain", value: measured.ratio("l1", "floor"), unit: "×" },
      1.8,
      "beside a busy machine's noise, the line in the access log is a fifth of it",
    ),
    against(
      { what: "hit in Redis ÷ plain", value: measured.ratio("l2", "floor"), unit: "×" },
      4,
      "half of it is the driver's work for three commands of one key each, and its way through the kernel",
    ),
  ];
}

async function cpuPerRequest(
  server: ServiceProcess,
  client: LoadClient,
  requests: number,
  request: (n: number) => Buffer,
): Promise<number> {
  const before = cpuMicrosOf(server.pid);
  const { statuses } = await client.runClosedLoop({ connections, requests, request });
  const used = cpuMicrosOf(server.pid) - before;
  if (statuses.get(200) !== requests)
    throw new Error(`not all were answered: ${JSON.stringify([...statuses])}`);
  return used / requests;
}

async function latencyAtRate(fleet: BenchFleet): Promise<Line[]> {
  const users = await insertUsers(fleet, warmUsers);
  using client = openClient(fleet.first.url, { socketsMax: 64 });
  const send = (n: number) => client.send(at(users, n % users.length).features);
  await openLoop({ perSecond, seconds: 2, send });
  const timed = await openLoop({ perSecond, seconds: secondsAtRate, send });
  return [
    ...linesOf(`hits, ${perSecond}/s open loop`, timed, 5),
    {
      what: "of it the client's own lateness, p99",
      value: quantile(
        timed.map(({ lateMs }) => lateMs),
        0.99,
      ),
      unit: "ms",
    },
  ];
}

/** Each user's features for the first time, one SQL statement a read; their tokens are known. */
async function coldReads(fleet: BenchFleet): Promise<Line[]> {
  const users = await insertUsers(fleet, coldPerSecond * coldSeconds);
  using client = openClient(fleet.first.url, { socketsMax: 64 });
  const known = (n: number) => at(users, n).organizations;
  await client.runClosedLoop({ connections, requests: users.length, request: known });
  const send = (n: number) => client.send(at(users, n).features);
  const timed = await openLoop({ perSecond: coldPerSecond, seconds: coldSeconds, send });
  return linesOf(`cold reads, ${coldPerSecond}/s open loop`, timed, 20);
}

function linesOf(
  what: string,
  timed: readonly { readonly latencyMs: number; readonly answer: { readonly status: number } }[],
  targetMs: number,
): Line[] {
  const failed = timed.filter(({ answer }) => answer.status !== 200).length;
  if (failed > 0) throw new Error(`${failed} of ${timed.length} were not answered with 200`);
  const latencies = timed.map(({ latencyMs }) => latencyMs);
  return [
    { what: `${what}, p50`, value: quantile(latencies, 0.5), unit: "ms" },
    against(
      { what: `${what}, p99`, value: quantile(latencies, 0.99), unit: "ms" },
      targetMs,
      "server, client, Postgres and Redis share two cores; the client's own lateness is in it",
    ),
  ];
}

function at(users: readonly BenchUser[], index: number): BenchUser {
  const user = users[index];
  if (user === undefined) throw new RangeError(`no user ${index}`);
  return user;
}

await main();
