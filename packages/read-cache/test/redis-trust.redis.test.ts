import { epochKey, featuresRead } from "@leftrail/cache-keys";
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

/** A tier of which the test says how Redis's clock stands to the local one, and whether Redis is trusted. */
function openTier(over: { readonly redis?: Redis; readonly uncertaintyMs?: number } = {}) {
  const events: CacheEvent[] = [];
  const state = {
    isTrusted: true,
    answeredAtMs: 0,
    shared: { offsetMs: Date.now() - performance.now() } as { offsetMs: number } | undefined,
  };
  const tier = createRedisTier({
    redis: over.redis ?? redis,
    build: "build-1",
    clock: () => performance.now(),
    trust: {
      isTrusted: () => state.isTrusted,
      answeredAtMs: () => state.answeredAtMs,
      sharedTime: (localMs) =>
        state.shared && {
          earliestMs: localMs + state.shared.offsetMs,
          latestMs: localMs + state.shared.offsetMs + (over.uncertaintyMs ?? 0),
        },
    },
    onEvent: (event) => events.push(event),
  });
  return { tier, state, events };
}

const entryOf = (over: Partial<SharedEntry> = {}): SharedEntry => ({
  variant: "",
  stamps: ["a", "b", "c", "d"],
  answer: foundOf("{}"),
  freshUntilMs: performance.now() + 60_000,
  endsAtMs: Number.POSITIVE_INFINITY,
  ...over,
});

test("Redis is asked only while the tail trusts it and it has answered", () => {
  const { tier, state } = openTier();
  expect(tier.isUsable(0)).toBe(true);
  state.isTrusted = false;
  expect(tier.isUsable(0)).toBe(false);
  state.isTrusted = true;
  state.answeredAtMs = Number.NEGATIVE_INFINITY;
  expect(tier.isUsable(0)).toBe(false);
});

test("before its clock was ever read nothing is written, and nothing that stands there is an answer", async () => {
  const { tier, state } = openTier();
  tier.write(keyed.key, entryOf());
  await waitUntil(() => redis.exists(keyed.key), { what: "the entry" });
  state.shared = undefined;
  expect((await tier.read(keyed, unknown)).open("")).toBeUndefined();
  tier.write("another", entryOf());
  expect(await redis.exists("another")).toBe(0);
});

describe("where Redis's clock is known only to within a second, an entry ends too early rather than too late:", () => {
  const uncertaintyMs = 1_000;

  test("where it is written", async () => {
    const { tier } = openTier({ uncertaintyMs });
    tier.write(keyed.key, entryOf({ endsAtMs: performance.now() + 10_000 }));
    await waitUntil(() => redis.exists(keyed.key), { what: "the entry" });
    expect(await redis.pttl(keyed.key)).toBeLessThanOrEqual(10_000);
  });

  test("and where it is read", async () => {
    const endsAtMs = performance.now() + 10_000;
    openTier().tier.write(keyed.key, entryOf({ endsAtMs }));
    await waitUntil(() => redis.exists(keyed.key), { what: "the entry" });
    const { tier } = openTier({ uncertaintyMs });
    const entry = (await tier.read(keyed, unknown)).open("");
    expect(entry!.endsAtMs).toBeLessThanOrEqual(endsAtMs - uncertaintyMs);
    expect(entry!.freshUntilMs).toBeLessThan(performance.now() + 60_000 - uncertaintyMs);
  });
});

test("an entry that has ended already takes nobody else's place", async () => {
  const { tier } = openTier();
  await redis.set(keyed.key, "somebody else's");
  tier.write(keyed.key, entryOf({ freshUntilMs: performance.now() }));
  tier.write("another", entryOf());
  await waitUntil(() => redis.exists("another"), { what: "the write after it" });
  expect(await redis.get(keyed.key)).toBe("somebody else's");
});

test("a thousand writes may be on their way; what comes on top is left out, until they have arrived", async () => {
  const { tier } = openTier();
  await server.freeze();
  for (let n = 0; n < 1_200; n++) tier.write(`entry-${n}`, entryOf());
  server.thaw();
  await waitUntil(() => redis.exists("entry-999"), { what: "the writes" });
  expect(await redis.dbsize()).toBe(1_000);
  await waitUntil(
    async () => {
      tier.write("one-more", entryOf());
      return redis.exists("one-more");
    },
    { what: "another write" },
  );
});

test("a command that Redis refuses is a failure, and no reason to make an epoch anew", async () => {
  const epochs = Object.fromEntries(keyed.scopes.map((scope) => [epochKey(scope), "as it was"]));
  await redis.mset(epochs);
  await redis.call("ACL", "SETUSER", "limited", "on", "nopass", "~*", "&*", "+@all", "-getex");
  const limited = new Redis(server.url, { username: "limited", password: "any" });
  const { tier, events } = openTier({ redis: limited });
  await waitUntil(() => limited.status === "ready", { what: "the connection" });
  await expect(tier.read(keyed, unknown)).rejects.toThrow("NOPERM");
  limited.disconnect();
  expect(events).toMatchObject([{ kind: "shared_failed", operation: "read" }]);
  expect(await redis.mget(Object.keys(epochs))).toEqual(Object.values(epochs));
});

describe("an entry in Redis costs one round trip,", () => {
  const commandsOf = async (read: () => Promise<unknown>): Promise<number> => {
    const watcher = await redis.duplicate().monitor();
    const commands: string[][] = [];
    watcher.on("monitor", (_time: string, args: string[]) => commands.push(args));
    await read();
    await redis.get("the end");
    await waitUntil(() => commands.at(-1)?.[1] === "the end", { what: "the commands" });
    watcher.disconnect();
    return commands.filter(([name = ""]) => /^get/i.test(name)).length - 1;
  };
  const known = (epochs: readonly (string | undefined)[]) => ({ epochs, areProven: true });

  test("also where it bears the epochs that are known", async () => {
    const { tier } = openTier();
    const { stamps } = entryOf();
    for (const [at, scope] of keyed.scopes.entries()) await redis.set(epochKey(scope), stamps[at]!);
    tier.write(keyed.key, entryOf());
    await waitUntil(() => redis.exists(keyed.key), { what: "the entry" });
    expect(await commandsOf(() => tier.read(keyed, known(stamps)))).toBe(3);
  });

  test("also where it bears others than all those that were asked for", async () => {
    const { tier } = openTier();
    tier.write(keyed.key, entryOf());
    await redis.mset(Object.fromEntries(keyed.scopes.map((scope) => [epochKey(scope), "another"])));
    expect(await commandsOf(() => tier.read(keyed, unknown))).toBe(5);
  });
});
