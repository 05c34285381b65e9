import { randomBytes } from "node:crypto";
import { createLogger, createMetrics } from "@leftrail/service";
import { developmentKeyRing, openPostgresStore, type KeyForVerification } from "@leftrail/store";
import { interleave, openLoop, quantile, report, type Line } from "@leftrail/testkit/bench";
import { startKeyServices } from "../src/api-keys/key-services.ts";
import { mintKey, type PresentedKey } from "../src/api-keys/key-format.ts";
import { verifyKey, type VerificationContext } from "../src/api-keys/verify-key.ts";
import { sinceDue, type Answered } from "./support/verify-client.ts";
import { startVerifyServers } from "./support/verify-servers.ts";

const interleavedRounds = 100;
const callsPerRound = 50;
const firstVerifications = 200;
const floodRounds = 4;
const secondsPerFlood = 4;
const provenPerSecond = 100;
const forgedPerSecond = 300;
const otherFirstVerifications = 20;
const watchIntervalMs = 200;

type Servers = Awaited<ReturnType<typeof startVerifyServers>>;

async function main(): Promise<void> {
  await using servers = await startVerifyServers();
  report("verify", [
    ...(await compareWithSelect(servers)),
    ...(await verifyAtOnce(servers)),
    ...(await flood(servers)),
  ]);
}

/** The verb and its floor in this process, over one connection, one call at a time, rounds interleaved. */
async function compareWithSelect({ sql, databaseUrl, insertKey }: Servers): Promise<Line[]> {
  const key = await insertKey();
  const { registry } = createMetrics();
  await using keys = startKeyServices({
    store: { touchApiKeys: async () => undefined },
    keyRing: developmentKeyRing(),
    redis: undefined,
    registry,
    logger: createLogger({ level: "silent", name: "bench" }),
  });
  const statement = await statementOfTheRead(databaseUrl, key.prefix);
  const rows: VerificationContext["rows"] = {
    async findForVerification(prefix) {
      const [row] = await sql.unsafe<KeyForVerification[]>(statement, [prefix], { prepare: true });
      return row;
    },
  };
  const calls = {
    select: () => sql`select id, tenant_id, key_hash from api_keys where prefix = ${key.prefix}`,
    read: () => rows.findForVerification(key.prefix),
    verify: () => verifyKey({ ctx: { ...keys, rows }, input: { key: key.text } }),
  };
  const argon2Runs = async () =>
    (await registry.getSingleMetric("leftrail_argon2_runs_total")?.get())?.values[0]?.value ?? 0;
  // The first proves the key.
  await calls.verify();
  const runsBefore = await argon2Runs();
  const measured = await interleave(interleavedRounds, {
    select: () => medianMicrosOf(calls.select),
    read: () => medianMicrosOf(calls.read),
    verify: () => medianMicrosOf(calls.verify),
  });
  return [
    { what: "one indexed SELECT, p50", value: measured.typical("select"), unit: "µs" },
    { what: "the read of a verification, p50", value: measured.typical("read"), unit: "µs" },
    { what: "verification of a proven key, p50", value: measured.typical("verify"), unit: "µs" },
    { what: "its read ÷ SELECT", value: measured.ratio("read", "select"), unit: "×" },
    { what: "verification ÷ SELECT (target 2)", value: measured.ratio("verify", "select"), unit: "×" },
    { what: "argon2 runs meanwhile (target 0)", value: (await argon2Runs()) - runsBefore, unit: "" },
  ];
}

/** The store's own statement, to be sent over the connection of the others: each has a pace of its own. */
async function statementOfTheRead(url: string, prefix: string): Promise<string> {
  let statement = "";
  const onStatement = (text: string) => (statement = text);
  const auditKeys = developmentKeyRing();
  await using store = openPostgresStore({ url, applicationName: "bench", auditKeys, onStatement });
  await store.read.apiKeys.findForVerification(prefix);
  return statement;
}

async function medianMicrosOf(call: () => PromiseLike<unknown>): Promise<number> {
  const latenciesMs: number[] = [];
  for (let n = 0; n < callsPerRound; n++) {
    const startMs = performance.now();
    await call();
    latenciesMs.push(performance.now() - startMs);
  }
  return quantile(latenciesMs, 0.5) * 1000;
}

/** Many first verifications of one key at the same time, over HTTP. */
async function verifyAtOnce({ client, insertKey }: Servers): Promise<Line[]> {
  const key = await insertKey();
  const before = await runsOf(client);
  const answers = await Promise.all(
    Array.from({ length: firstVerifications }, () => client.verify(key.text)),
  );
  return [
    {
      what: `of ${firstVerifications} first verifications at once, valid`,
      value: validOf(answers),
      unit: "",
    },
    { what: "argon2 runs for them (target at most 2)", value: (await runsOf(client)) - before, unit: "" },
  ];
}

/** Proven keys at a fixed rate over HTTP: alone, and while others forge keys on a prefix that they know. */
async function flood(servers: Servers): Promise<Line[]> {
  const { client, insertKey } = servers;
  const proven = await insertKey();
  const neverProven = await insertKey();
  const load = async (): Promise<Answered[]> =>
    sinceDue(
      await openLoop({
        perSecond: provenPerSecond,
        seconds: secondsPerFlood,
        send: () => client.verify(proven.text),
      }),
    );
  await load();
  const alone: Answered[] = [];
  const onProven: Answered[] = [];
  const onNeverProven: Answered[] = [];
  const forged: Answered[] = [];
  await using watch = await watchServer(client);
  for (let round = 0; round < floodRounds; round++) {
    alone.push(...(await load()));
    onProven.push(...(await withFlood(client, proven, load)).answers);
    const flooded = await withFlood(client, neverProven, load);
    onNeverProven.push(...flooded.answers);
    forged.push(...flooded.forgeries);
  }
  return [
    ...linesOf("proven keys alone", alone, alone),
    ...linesOf("proven keys, forgeries on a proven key", onProven, alone),
    ...linesOf("proven keys, forgeries on a key nobody proved", onNeverProven, alone),
    { what: "these forgeries: not found", value: count(forged, 200), unit: `of ${forged.length}` },
    { what: "these forgeries: 503", value: count(forged, 503), unit: `of ${forged.length}` },
    ...(await firstUsesUnderFlood(servers, neverProven)),
    ...watch.lines(),
  ];
}

/** What other keys' first verifications meet while one key is flooded. */
async function firstUsesUnderFlood({ client, insertKey }: Servers, target: PresentedKey): Promise<Line[]> {
  const others: PresentedKey[] = [];
  for (let n = 0; n < otherFirstVerifications; n++) others.push(await insertKey());
  const { answers } = await withFlood(client, target, async () => {
    const firsts: Answered[] = [];
    for (const { text } of others) firsts.push(await client.verify(text));
    return firsts;
  });
  return [
    {
      what: "other keys' first verifications meanwhile: valid",
      value: validOf(answers),
      unit: `of ${answers.length}`,
    },
    {
      what: "other keys' first verifications meanwhile, p50",
      value: quantile(answers.map(latencyOf), 0.5),
      unit: "ms",
    },
  ];
}

async function withFlood(client: Servers["client"], target: PresentedKey, work: () => Promise<Answered[]>) {
  const [forgeries, answers] = await Promise.all([
    openLoop({
      perSecond: forgedPerSecond,
      seconds: secondsPerFlood,
      send: () => client.verify(forge(target)),
    }),
    work(),
  ]);
  return { forgeries: sinceDue(forgeries), answers };
}

async function watchServer(client: Servers["client"]) {
  const memory = "leftrail_process_resident_memory_bytes";
  const before = await client.metrics();
  let waitingPeak = 0;
  let memoryPeakBytes = 0;
  const look = async (): Promise<void> => {
    const now = await client.metrics();
    waitingPeak = Math.max(waitingPeak, now.get('leftrail_hash_lane_waiting{lane="suspect"}') ?? 0);
    memoryPeakBytes = Math.max(memoryPeakBytes, now.get(memory) ?? 0);
  };
  const timer = setInterval(() => void look(), watchIntervalMs);
  return {
    lines: (): Line[] => [
      { what: "places of the suspect lane taken at most", value: waitingPeak, unit: "" },
      { what: "server's memory before", value: (before.get(memory) ?? 0) / 2 ** 20, unit: "MiB" },
      { what: "server's memory at most", value: memoryPeakBytes / 2 ** 20, unit: "MiB" },
    ],
    [Symbol.asyncDispose]: async () => clearInterval(timer),
  };
}

function linesOf(where: string, answers: readonly Answered[], alone: readonly Answered[]): Line[] {
  const latenciesMs = answers.map(latencyOf);
  const p99Ms = quantile(latenciesMs, 0.99);
  const lines = [
    { what: `${where}: valid`, value: validOf(answers), unit: `of ${answers.length}` },
    { what: `${where}, p50`, value: quantile(latenciesMs, 0.5), unit: "ms" },
    { what: `${where}, p99`, value: p99Ms, unit: "ms" },
  ];
  const ratio = p99Ms / quantile(alone.map(latencyOf), 0.99);
  return answers === alone
    ? lines
    : [...lines, { what: `${where}, p99 ÷ alone (target 3)`, value: ratio, unit: "×" }];
}

const forge = ({ prefix }: PresentedKey): string => prefix + mintKey(randomBytes).text.slice(prefix.length);

const runsOf = async (client: Servers["client"]): Promise<number> =>
  (await client.metrics()).get('leftrail_argon2_runs_total{for="verification"}') ?? 0;

const latencyOf = ({ latencyMs }: Answered): number => latencyMs;
const validOf = (answers: readonly Answered[]): number =>
  answers.filter(({ body }) => body.includes('"valid":true')).length;
const count = (answers: readonly Answered[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;

await main();
