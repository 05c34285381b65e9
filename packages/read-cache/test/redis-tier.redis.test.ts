import { epochKey, featuresRead, productsRead } from "@leftrail/cache-keys";
import { startTestRedis, waitUntil } from "@leftrail/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CacheEvent } from "../src/cache-event.ts";
import { foundOf } from "../src/found.ts";
import type { SharedEntry } from "../src/ports.ts";
import { createRedisTier } from "../src/redis-tier.ts";

const keyed = featuresRead("o", "u");
const unknown = { epochs: keyed.scopes.map(() => undefined), areProven: true };
let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;

beforeAll(async () => {
  server = await startTestRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => void (await redis.flushall()));

/** A tier whose trust is faked: always there, its clock asked once. */
async function openTier(build = "build-1") {
  const events: CacheEvent[] = [];
  const [seconds, micros] = await redis.time();
  const sharedMs = Number(seconds) * 1000 + Number(micros) / 1000;
  const localMs = performance.now();
  let answeredAtMs = localMs;
  const at = (nowMs: number): number => sharedMs + nowMs - localMs;
  const tier = createRedisTier({
    redis,
    build,
    clock: () => performance.now(),
    trust: {
      isTrusted: () => true,
      answeredAtMs: () => answeredAtMs,
      sharedTime: (nowMs) => ({ earliestMs: at(nowMs), latestMs: at(nowMs) }),
    },
    onEvent: (event) => events.push(event),
  });
  const kinds = () => events.map(({ kind }) => kind);
  return { tier, kinds, answer: () => (answeredAtMs = performance.now()) };
}

const entryOf = (over: Partial<SharedEntry> = {}): SharedEntry => ({
  variant: "",
  stamps: ["a", "b", "c", "d"],
  answer: foundOf('{"features":["ä"]}'),
  freshUntilMs: performance.now() + 60_000,
  endsAtMs: Number.POSITIVE_INFINITY,
  ...over,
});

async function write(entry = entryOf()): Promise<void> {
  (await openTier()).tier.write(keyed.key, entry);
  await waitUntil(() => redis.exists(keyed.key), { what: "the entry" });
}

const readBack = async (variant = "", build = "build-1") => {
  const { tier, kinds } = await openTier(build);
  const reading = await tier.read(keyed, unknown);
  return { entry: reading.open(variant), epochs: reading.epochs, kinds };
};

describe("an entry", () => {
  test("is read by another instance as it was written, its ends by Redis's clock", async () => {
    const entry = entryOf({ endsAtMs: performance.now() + 90_000 });
    await write(entry);
    const { entry: back } = await readBack();
    expect(back).toMatchObject({ variant: "", stamps: entry.stamps, answer: entry.answer });
    expect(Math.abs(back!.freshUntilMs - entry.freshUntilMs)).toBeLessThan(50);
    expect(Math.abs(back!.endsAtMs - entry.endsAtMs)).toBeLessThan(50);
  });

  test("lives 60 s at most, and no longer than to its boundary", async () => {
    await write();
    expect(await redis.pttl(keyed.key)).toBeLessThanOrEqual(60_000);
    expect(await redis.pttl(keyed.key)).toBeGreaterThan(50_000);
    await redis.del(keyed.key);
    await write(entryOf({ endsAtMs: performance.now() + 5_000 }));
    expect(await redis.pttl(keyed.key)).toBeLessThanOrEqual(5_000);
  });

  test("that has ended already is not written", async () => {
    const { tier } = await openTier();
    tier.write(keyed.key, entryOf({ endsAtMs: performance.now() - 1 }));
    tier.write("another", entryOf());
    await waitUntil(() => redis.exists("another"), { what: "the write after it" });
    expect(await redis.exists(keyed.key)).toBe(0);
  });

  test.each([
    ["truncated", async () => redis.set(keyed.key, (await redis.getBuffer(keyed.key))!.subarray(0, 100))],
    ["corrupt", async () => redis.setrange(keyed.key, 150, "x")],
    ["empty", async () => redis.set(keyed.key, "")],
    ["somebody's JSON", async () => redis.set(keyed.key, '{"features":["all"]}')],
  ])("%s is a miss, counted, and put right by the next write", async (_what, spoil) => {
    await write();
    await spoil();
    const { entry, kinds } = await readBack();
    expect(entry).toBeUndefined();
    expect(kinds()).toEqual(["corrupt"]);
    const { tier } = await openTier();
    tier.write(keyed.key, entryOf());
    await waitUntil(async () => (await readBack()).entry, { what: "the entry to be right again" });
  });

  test("of the wrong type is a miss, and put right", async () => {
    await redis.lpush(keyed.key, "x");
    expect((await readBack()).entry).toBeUndefined();
    (await openTier()).tier.write(keyed.key, entryOf());
    await waitUntil(async () => (await readBack()).entry, { what: "the entry to be right" });
  });

  test("copied under another key, of another variant or of another build is foreign", async () => {
    await write();
    const other = productsRead("o", "u");
    await redis.copy(keyed.key, other.key);
    const { tier, kinds } = await openTier();
    expect((await tier.read(other, unknown)).open("")).toBeUndefined();
    expect(kinds()).toEqual(["foreign"]);
    expect((await readBack("internal")).entry).toBeUndefined();
    expect((await readBack("", "build-2")).entry).toBeUndefined();
    expect((await readBack()).entry).toBeDefined();
  });
});

describe("epochs", () => {
  test("that are not there are made, once, whoever asks at the same time; and they go when unused", async () => {
    const readings = await Promise.all([readBack(), readBack(), readBack()]);
    const [first] = readings;
    for (const { epochs } of readings) expect(epochs).toEqual(first.epochs);
    expect(new Set(first.epochs).size).toBe(keyed.scopes.length);
    const [user, org, catalog, all] = await Promise.all(
      keyed.scopes.map((scope) => redis.ttl(epochKey(scope))),
    );
    expect(Math.min(user!, org!)).toBeGreaterThan(300);
    expect([catalog, all]).toEqual([-1, -1]);
  });

  test("come in the order of the scopes", async () => {
    for (const scope of keyed.scopes) await redis.set(epochKey(scope), `epoch of ${scope}`);
    expect((await readBack()).epochs).toEqual(keyed.scopes.map((scope) => `epoch of ${scope}`));
  });

  test("of the wrong type are replaced", async () => {
    await redis.lpush(epochKey("all"), "x");
    const { epochs } = await readBack();
    expect(await redis.get(epochKey("all"))).toBe(epochs.at(-1));
  });
});

test("Redis that does not answer in time is asked no more until it has answered the tail", async () => {
  const { tier, kinds, answer } = await openTier();
  expect(tier.isUsable(performance.now())).toBe(true);
  await server.freeze();
  await expect(tier.read(keyed, unknown)).rejects.toThrow("did not answer");
  server.thaw();
  expect(kinds()).toEqual(["shared_failed"]);
  expect(tier.isUsable(performance.now())).toBe(false);
  answer();
  expect(tier.isUsable(performance.now())).toBe(true);
});

test("a read is one command for the value and one for each scope", async () => {
  await readBack();
  const watcher = await redis.duplicate().monitor();
  const commands: string[][] = [];
  watcher.on("monitor", (_time: string, args: string[]) => commands.push(args));
  await (await openTier()).tier.read(keyed, unknown);
  await waitUntil(() => commands.length >= 6, { what: "the commands" });
  watcher.disconnect();
  expect(commands.slice(1).map(([name = "", key = ""]) => `${name.toLowerCase()} ${key}`)).toEqual([
    `get ${keyed.key}`,
    `getex ${epochKey("user:u")}`,
    `getex ${epochKey("org:o")}`,
    `get ${epochKey("catalog")}`,
    `get ${epochKey("all")}`,
  ]);
});

describe("epochs that the process knows", () => {
  const known = (areProven: boolean) => ({ epochs: ["a", undefined, "c", "d"], areProven });

  test("are not asked for while they are proven to be those of now, but for those that run out when unused", async () => {
    await redis.mset(Object.fromEntries(keyed.scopes.map((scope) => [epochKey(scope), "in Redis"])));
    const { tier } = await openTier();
    expect((await tier.read(keyed, known(true))).epochs).toEqual(["in Redis", "in Redis", "c", "d"]);
    expect((await tier.read(keyed, known(false))).epochs).toEqual(keyed.scopes.map(() => "in Redis"));
  });

  test("and are in use do not run out, however long they are known", async () => {
    const user = epochKey(keyed.scopes[0]!);
    const { tier } = await openTier();
    await tier.read(keyed, known(true));
    await redis.expire(user, 5);
    await tier.read(keyed, known(true));
    expect(await redis.ttl(user)).toBeGreaterThan(300);
  });

  test("are asked for where an entry bears others: those that Redis threw out were made anew", async () => {
    const stamps = keyed.scopes.map((scope) => `new-${scope}`);
    for (const [at, scope] of keyed.scopes.entries()) await redis.set(epochKey(scope), stamps[at]!);
    await write(entryOf({ stamps }));
    const { tier } = await openTier();
    const reading = await tier.read(keyed, known(true));
    expect(reading.epochs).toEqual(stamps);
    expect(reading.open("")?.stamps).toEqual(stamps);
  });
});
