import { once } from "node:events";
import { changesStreamKey, epochKey, relayMarkKey } from "@leftrail/cache-keys";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { catchUp, openRedisEnds } from "./redis-ends.ts";

test("a change is heard once, in order, with its epochs replaced before", async () => {
  await using ends = await openRedisEnds();
  await ends.beat();
  const { tail, heard, redis, events } = await ends.openTail();
  await catchUp(tail);
  const before = await redis.get(epochKey("user:a"));
  await ends.bus.publish({ scopes: ["user:a", "org:b"], ageMs: 40 });
  await ends.bus.publish({ scopes: ["catalog"], ageMs: 0 });
  await catchUp(tail);
  expect(heard).toEqual(["all", ["user:a", "org:b"], ["catalog"]]);
  const epochs = await Promise.all([redis.get(epochKey("user:a")), redis.get(epochKey("org:b"))]);
  expect(new Set([before, ...epochs]).size).toBe(3);
  expect(events.filter(({ kind }) => kind === "change")).toMatchObject([
    { scopes: 2, lagMs: expect.any(Number) },
    { scopes: 1 },
  ]);
  const [first] = events.flatMap((event) => (event.kind === "change" ? event.lagMs : []));
  expect(first).toBeGreaterThanOrEqual(40);
});

test("a change is one write for each scope and one message, however many have it cached", async () => {
  await using ends = await openRedisEnds();
  await ends.beat();
  const watcher = await (await ends.open()).monitor();
  const commands: string[] = [];
  watcher.on("monitor", (_time: string, [name = ""]: string[]) => commands.push(name.toLowerCase()));
  await ends.bus.publish({ scopes: ["org:a"], ageMs: 0 });
  await waitUntil(() => commands.length >= 4, { what: "the commands" });
  watcher.disconnect();
  // The first SET is the relay's mark.
  expect(commands).toEqual(["time", "set", "set", "xadd"]);
});

describe("the proof", () => {
  test("is a moment no later than the relay's look at the outbox", async () => {
    await using ends = await openRedisEnds();
    const { tail } = await ends.openTail();
    await catchUp(tail);
    expect(tail.provenAtMs()).toBe(Number.NEGATIVE_INFINITY);
    const provenMs = await ends.bus.now();
    const lookedMs = performance.now();
    await ends.bus.beat(provenMs);
    await catchUp(tail);
    expect(tail.provenAtMs()).toBeLessThanOrEqual(lookedMs);
    // One message of Redis's clock is a millisecond; the way there and back is the rest.
    expect(tail.provenAtMs()).toBeGreaterThan(lookedMs - 1_000);
  });

  test("does not grow younger on its way: a beat that Redis took in late is as old as its look", async () => {
    await using ends = await openRedisEnds();
    await ends.beat();
    const { tail } = await ends.openTail();
    await catchUp(tail);
    const provenMs = await ends.bus.now();
    const lookedMs = performance.now();
    await ends.server.freeze();
    const late = ends.bus.beat(provenMs);
    const frozenUntil = performance.now() + 300;
    await waitUntil(() => performance.now() >= frozenUntil, { what: "the freeze to last" });
    ends.server.thaw();
    await late;
    await catchUp(tail);
    expect(tail.provenAtMs()).toBeLessThanOrEqual(lookedMs);
  });

  test("of an older session that comes late moves nothing", async () => {
    await using ends = await openRedisEnds();
    const { tail, redis } = await ends.openTail();
    await catchUp(tail);
    // By far, for what is known of a beat's moment is only as exact as the exchange that brought it.
    const early = Math.floor((await ends.bus.now()) - 10_000);
    await ends.beat();
    await catchUp(tail);
    const proven = tail.provenAtMs();
    await redis.xadd(changesStreamKey, "*", "kind", "beat", "session", "old", "n", "7", "proven", `${early}`);
    await catchUp(tail);
    expect(tail.provenAtMs()).toBe(proven);
  });

  test("from Redis's future, after its clock was put back, is none", async () => {
    await using ends = await openRedisEnds();
    const { tail } = await ends.openTail();
    await catchUp(tail);
    await ends.bus.beat((await ends.bus.now()) + 60_000);
    await catchUp(tail);
    expect(tail.provenAtMs()).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("what Redis says counts", () => {
  test("only once the relay was heard since the connection was made", async () => {
    await using ends = await openRedisEnds();
    await ends.beat();
    const { tail, redis, gaps } = await ends.openTail();
    await catchUp(tail);
    expect(tail.isTrusted(performance.now())).toBe(false);
    await ends.beat();
    await catchUp(tail);
    expect(tail.isTrusted(performance.now())).toBe(true);
    await ends.relayRedis.client("KILL", "ID", await redis.client("ID"));
    await waitUntil(() => redis.status !== "ready", { what: "the connection to be lost" });
    expect(tail.isTrusted(performance.now())).toBe(false);
    await waitUntil(() => redis.status === "ready", { what: "it to be back" });
    await catchUp(tail);
    expect(tail.isTrusted(performance.now())).toBe(false);
    await ends.beat();
    await catchUp(tail);
    expect(tail.isTrusted(performance.now())).toBe(true);
    expect(gaps()).toEqual(["connected", "connected"]);
  });

  test("no longer while it does not answer, and again when it does", async () => {
    await using ends = await openRedisEnds();
    const { tail } = await ends.openTail();
    await catchUp(tail);
    await ends.beat();
    await catchUp(tail);
    await ends.server.freeze();
    const poll = tail.poll();
    const askedMs = performance.now();
    expect(tail.isTrusted(askedMs + 150)).toBe(false);
    ends.server.thaw();
    await poll;
    expect(tail.isTrusted(performance.now())).toBe(true);
  });
});

describe("everything is forgotten when something may have been missed:", () => {
  const listening = async () => {
    const ends = await openRedisEnds();
    const end = await ends.openTail();
    await catchUp(end.tail);
    await ends.beat();
    await catchUp(end.tail);
    end.events.length = 0;
    return { ends, ...end, [Symbol.asyncDispose]: () => ends[Symbol.asyncDispose]() };
  };

  test("a message is missing", async () => {
    await using all = await listening();
    await all.ends.bus.publish({ scopes: ["user:a"], ageMs: 0 });
    const [[id]] = (await all.redis.xrevrange(changesStreamKey, "+", "-", "COUNT", 1)) as [
      [string, string[]],
    ];
    await all.redis.xdel(changesStreamKey, id);
    await all.ends.beat();
    await catchUp(all.tail);
    expect(all.gaps()).toEqual(["missing"]);
  });

  test("another relay takes over", async () => {
    await using all = await listening();
    const epoch = await all.ends.epochOfAll();
    const closed = once(all.ends.relayRedis, "close");
    all.ends.relayRedis.disconnect(true);
    await closed;
    await waitUntil(() => all.ends.relayRedis.status === "ready", { what: "the relay to be back" });
    await all.ends.beat();
    await catchUp(all.tail);
    expect(all.gaps()).toEqual(["session"]);
    expect(await all.ends.epochOfAll()).not.toBe(epoch);
  });

  test("Redis was flushed: the relay notices by its mark, and begins anew", async () => {
    await using all = await listening();
    await all.redis.flushall();
    await expect(all.ends.beat()).rejects.toThrow("not as the relay left it");
    await all.ends.beat();
    await catchUp(all.tail);
    expect(all.gaps()).toEqual(["session"]);
    expect(await all.ends.epochOfAll()).not.toBeNull();
  });

  test("Redis comes back with older data: the epoch of all is another before anything counts", async () => {
    await using all = await listening();
    const snapshot = await all.ends.server.saveSnapshot();
    const epoch = await all.ends.epochOfAll();
    await all.ends.bus.publish({ scopes: ["user:a"], ageMs: 0 });
    await all.ends.server.startFrom(snapshot);
    await waitUntil(() => all.redis.status === "ready", { what: "the instance to be connected" });
    await catchUp(all.tail);
    expect(all.tail.isTrusted(performance.now())).toBe(false);
    await waitUntil(() => all.ends.relayRedis.status === "ready", { what: "the relay to be connected" });
    await all.ends.beat();
    await catchUp(all.tail);
    expect(all.tail.isTrusted(performance.now())).toBe(true);
    expect(await all.ends.epochOfAll()).not.toBe(epoch);
    expect(all.heard.at(-1)).toBe("all");
  });

  test("somebody else wrote to the stream", async () => {
    await using all = await listening();
    await all.redis.xadd(
      changesStreamKey,
      "*",
      "kind",
      "change",
      "session",
      "x",
      "n",
      "1",
      "scopes",
      "no scope",
    );
    await catchUp(all.tail);
    expect(all.gaps()).toEqual(["foreign"]);
  });
});

test("a stream that began anew with lower ids is followed after a silence", async () => {
  await using ends = await openRedisEnds();
  let skippedMs = 0;
  const { tail, redis, gaps } = await ends.openTail(() => performance.now() + skippedMs);
  await redis.xadd(changesStreamKey, "99999999999999-0", "kind", "begin", "session", "future", "n", "0");
  await catchUp(tail);
  await redis.del(changesStreamKey, relayMarkKey);
  await ends.beat();
  await catchUp(tail);
  expect(tail.isTrusted(performance.now())).toBe(false);
  skippedMs = 3_000;
  await catchUp(tail);
  await ends.beat();
  await catchUp(tail);
  expect(gaps()).toContain("connected");
  expect(tail.provenAtMs()).toBeGreaterThan(0);
});

test("keys of the wrong type are put right by the relay", async () => {
  await using ends = await openRedisEnds();
  await ends.relayRedis.set(changesStreamKey, "no stream");
  await ends.relayRedis.lpush(relayMarkKey, "no text");
  await ends.relayRedis.lpush(epochKey("user:a"), "no epoch");
  await ends.beat();
  await ends.bus.publish({ scopes: ["user:a"], ageMs: 0 });
  expect(await ends.relayRedis.type(epochKey("user:a"))).toBe("string");
  expect(await ends.relayRedis.type(changesStreamKey)).toBe("stream");
});
