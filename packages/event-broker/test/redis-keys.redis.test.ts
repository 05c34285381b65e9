import { startTestRedis, waitUntil, type TestRedis } from "@leftrail/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventKeyTtlMs, headTtlMs, historySlackMs, silenceMaxMs } from "../src/limits.ts";
import { openRedisBroker, type RedisBroker } from "./brokers.ts";
import { createRecorder } from "./recorder.ts";
import { anEvent, anOrganization, areGrowing, before } from "./sample-events.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server[Symbol.asyncDispose]());

const limits = { eventsMax: 1_000, ageMaxMs: 600_000, bytesMax: 16 * 1_024 * 1_024 };

/** An organization with a subscriber, and its keys. */
async function openWatched(options: Parameters<typeof openRedisBroker>[1] = {}) {
  const broker = await openRedisBroker(server.url, options);
  const organization = anOrganization();
  const subscriber = createRecorder();
  broker.hubs.attach(organization, undefined, subscriber);
  await subscriber.begun();
  return {
    broker,
    organization,
    subscriber,
    redis: broker.publisherRedis,
    head: `events:{${organization}}:head`,
    log: `events:{${organization}}:log`,
    publish: async (data: unknown = {}, key?: string) =>
      (await broker.publisher.publish(organization, anEvent(data, key))).id,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

const resumed = async ({ hubs }: Pick<RedisBroker, "hubs">, organization: string, after: string) => {
  const subscriber = createRecorder();
  hubs.attach(organization, after, subscriber);
  await subscriber.begun();
  return subscriber;
};

describe("keys", () => {
  test("all carry the organization as their hash tag, and all of them end", async () => {
    await using watched = await openWatched();
    const { organization, redis, publish, head, log } = watched;
    await publish({}, "k");
    const keys = (await redis.keys(`*${organization}*`)).toSorted((a, b) => a.localeCompare(b));
    expect(keys.every((key) => key.startsWith(`events:{${organization}}:`))).toBe(true);
    expect(keys).toHaveLength(3);
    const [headTtl, logTtl, keyTtl] = await Promise.all(
      [head, log, keys.find((key) => key.includes(":key:"))!].map((key) => redis.pttl(key)),
    );
    expectTtl(headTtl!, headTtlMs);
    expectTtl(logTtl!, limits.ageMaxMs + historySlackMs);
    expectTtl(keyTtl!, eventKeyTtlMs);
  });

  test("a head that is looked at stays; one that is only published to if it is open goes after its day", async () => {
    await using watched = await openWatched({ ticksByHand: true });
    const { broker, organization, redis, head } = watched;
    await redis.pexpire(head, 5_000);
    await broker.publisher.publishIfOpen(organization, anEvent());
    expectTtl(await redis.pttl(head), limits.ageMaxMs + historySlackMs);
    broker.skip(headTtlMs / 4);
    await broker.hubs.tick();
    expectTtl(await redis.pttl(head), headTtlMs);
    await redis.pexpire(head, headTtlMs / 3);
    await broker.publisher.publishIfOpen(organization, anEvent());
    expectTtl(await redis.pttl(head), headTtlMs / 3);
    await resumed(await broker.openView(), organization, "1-1");
    expectTtl(await redis.pttl(head), headTtlMs);
  });

  const expectTtl = (ttlMs: number, wantedMs: number): void => {
    expect(ttlMs).toBeLessThanOrEqual(wantedMs);
    expect(ttlMs).toBeGreaterThan(wantedMs - 60_000);
  };
});

describe("the log", () => {
  test("loses what is too old with the next event, and nobody resumes from there", async () => {
    const ageMaxMs = 500;
    await using watched = await openWatched({ limits: { ...limits, ageMaxMs } });
    const { broker, redis, log, publish, subscriber, organization } = watched;
    const old = await publish();
    await publish();
    const untilMs = performance.now() + ageMaxMs;
    await waitUntil(() => performance.now() > untilMs, { what: "them to be old" });
    const young = await publish();
    await subscriber.has(young);
    expect((await redis.xrange(log, "-", "+")).map(([id]) => id)).toEqual([young]);
    for (const view of [broker, await broker.openView()]) {
      expect((await resumed(view, organization, old)).start!.gap).toMatchObject({ reason: "expired" });
      expect((await resumed(view, organization, before(young))).story).toEqual([young]);
    }
  });

  test("is of the bytes that its head says, however it was trimmed, and holds as much as may be", async () => {
    await using watched = await openWatched({ limits: { ...limits, eventsMax: 20, bytesMax: 8_000 } });
    const { redis, log, head, publish } = watched;
    const publishAndMeasure = async (data: unknown) => {
      await publish(data);
      const entries = await redis.xrange(log, "-", "+");
      const bytes = entries.map(([, fields]) => Buffer.byteLength(fields[fields.indexOf("body") + 1]!));
      const sum = bytes.reduce((all, one) => all + one, 0);
      expect(Number(await redis.hget(head, "bytes"))).toBe(sum);
      return { count: entries.length, bytes: sum };
    };
    for (let n = 0; n < 60; n++) {
      const held = await publishAndMeasure({ text: "é".repeat((n * 37) % 500) });
      expect(held.bytes).toBeLessThanOrEqual(8_000);
      expect(held.count).toBeGreaterThanOrEqual(Math.min(n + 1, 7));
    }
    for (let n = 0; n < 30; n++) await publishAndMeasure({});
    expect((await publishAndMeasure({})).count).toBe(20);
    await redis.hset(head, "incarnation", "another run's");
    expect((await publishAndMeasure({})).count).toBe(20);
    await redis.del(log);
    expect((await publishAndMeasure({})).count).toBe(1);
  });

  test("of many small events makes room for a long one bit by bit", async () => {
    await using watched = await openWatched({ limits: { ...limits, bytesMax: 100_000 } });
    const { redis, log, publish, broker, organization } = watched;
    const first = await publish();
    for (let n = 0; n < 400; n++) await publish();
    const long = await publish({ text: "x".repeat(99_000) });
    expect(await redis.xlen(log)).toBe(302);
    const last = [await publish(), await publish(), await publish()].at(-1)!;
    expect(await redis.xlen(log)).toBeLessThan(10);
    expect((await resumed(await broker.openView(), organization, first)).start!.gap).toMatchObject({
      reason: "expired",
    });
    expect((await resumed(await broker.openView(), organization, long)).story.at(-1)).toBe(last);
  });
});

describe("what is not ours is put right, and costs no more than a gap:", () => {
  const spoil: [string, (watched: Awaited<ReturnType<typeof openWatched>>) => Promise<unknown>][] = [
    ["a head of another type", ({ redis, head }) => redis.multi().del(head).set(head, "x").exec()],
    ["a head without a number", ({ redis, head }) => redis.hset(head, "epoch", "soon")],
    ["a head far too high", ({ redis, head }) => redis.hset(head, "epoch", "99999999999999999999")],
    ["no head", ({ redis, head }) => redis.del(head)],
    ["a log of another type", ({ redis, log }) => redis.multi().del(log).set(log, "x").exec()],
    ["a log without its entries", ({ redis, log }) => redis.xtrim(log, "MAXLEN", 0)],
    ["no log", ({ redis, log }) => redis.del(log)],
    ["somebody else's entry", ({ redis, log }) => redis.xadd(log, "9007199254740990-1", "any", "thing")],
    [
      "an entry with an id that was to come",
      ({ redis, log, subscriber }) => redis.xadd(log, after(subscriber.cursor!), "any", "thing"),
    ],
    ["a head that was put back", ({ redis, head }) => redis.hset(head, "seq", 1)],
    ["neither", ({ redis, log, head }) => redis.del(log, head)],
  ];

  test.each(spoil)("%s", async (_name, spoilKeys) => {
    await using watched = await openWatched();
    const { broker, organization, subscriber, publish } = watched;
    const ids = [await publish(), await publish()];
    await subscriber.has(ids[1]!);
    await spoilKeys(watched);
    ids.push(await publish(), await publish());
    await subscriber.has(ids[3]!);
    expect(subscriber.ids).toEqual(ids);
    expect(areGrowing(ids)).toBe(true);
    expect(subscriber.gaps.length).toBeLessThanOrEqual(1);
    const fresh = await broker.openView();
    expect((await resumed(fresh, organization, ids[2]!)).story).toEqual([ids[3]]);
    const late = await resumed(fresh, organization, ids[1]!);
    // Either nothing was missing for it, or it is told.
    expect(late.start!.gap === undefined ? late.story : [ids[2], ids[3]]).toEqual([ids[2], ids[3]]);
  });

  test.each(spoil)("%s, before anybody looks", async (_name, spoilKeys) => {
    await using watched = await openWatched();
    const { broker, organization, subscriber, publish } = watched;
    const ids = [await publish(), await publish()];
    await subscriber.has(ids[1]!);
    await spoilKeys(watched);
    const fresh = await broker.openView();
    const late = await resumed(fresh, organization, ids[1]!);
    ids.push(await publish());
    await Promise.all([late.has(ids[2]!), subscriber.has(ids[2]!)]);
    expect(areGrowing([...ids])).toBe(true);
    expect([late.ids, subscriber.ids]).toEqual([[ids[2]], ids]);
  });

  test("an idempotency key's value: the event counts as new", async () => {
    await using watched = await openWatched();
    const { redis, organization, publish } = watched;
    const first = await publish({}, "k");
    const [key] = (await redis.keys(`events:{${organization}}:key:*`)) as [string];
    for (const value of ["", "no id", "1-1-1"]) {
      await redis.set(key, value);
      expect(await publish({}, "k")).not.toBe(first);
    }
    await redis.del(key);
    await redis.lpush(key, "x");
    const last = await publish({}, "k");
    expect(await publish({}, "k")).toBe(last);
  });

  test("messages that are no events are counted, and nothing else", async () => {
    await using watched = await openWatched();
    const { broker, redis, organization, publish, subscriber } = watched;
    const id = await publish();
    const channel = `events:{${organization}}`;
    const messages = ["", "x", "\n", "a b c\nx", `${id} 0\n"x"}`, `${id} 0 t u\n"x"}`, "1-0 0 t\nx"];
    for (const message of messages) await redis.publish(channel, message);
    // A stale one, as after a failover, is simply old.
    await redis.publish(channel, `${id} 0 run.stage\n"x"}`);
    const last = await publish();
    await subscriber.has(last);
    expect(subscriber.story).toEqual([id, last]);
    expect(broker.count("failed")).toBe(messages.length);
  });

  const after = (id: string): string => {
    const [epoch, seq] = id.split("-");
    return `${epoch}-${Number(seq) + 1}`;
  };
});

describe("epochs", () => {
  test("are not undercut by a clock that was put back: not those of the head, not those this end has seen", async () => {
    await using watched = await openWatched();
    const { broker, redis, head, log, publish, subscriber } = watched;
    const future = 4_000_000_000_000_000;
    await redis.hset(head, "epoch", future, "seq", 7, "incarnation", "another run's");
    const first = await publish();
    expect(first).toBe(`${future + 1}-1`);
    await subscriber.has(first);
    await redis.del(head, log);
    const second = await publish();
    expect(second).toBe(`${future + 2}-1`);
    await subscriber.has(second);
    await redis.del(head, log);
    broker.skip(10_000);
    await waitUntil(async () => (await redis.hget(head, "epoch")) === `${future + 3}`, {
      what: "the hubs to begin a new epoch",
    });
  });

  test("begin anew where a head was put back behind what a hub has told", async () => {
    await using watched = await openWatched({ ticksByHand: true });
    const { broker, redis, head, log, publish, subscriber } = watched;
    const ids = [await publish(), await publish(), await publish()];
    await subscriber.has(ids[2]!);
    await redis.multi().hset(head, "seq", 1).xdel(log, ids[1]!, ids[2]!).exec();
    broker.skip(silenceMaxMs);
    await broker.hubs.tick();
    expect(subscriber.gaps).toMatchObject([{ reason: "unknown", requested: ids[2] }]);
    ids.push(await publish());
    await subscriber.has(ids[3]!);
    expect(subscriber.ids).toEqual(ids);
    expect(areGrowing(ids)).toBe(true);
  });

  test("are the microseconds of Redis's clock otherwise, so that no two servers' meet", async () => {
    await using watched = await openWatched();
    const [seconds, micros] = await watched.redis.time();
    const epoch = Number((await watched.publish()).split("-")[0]);
    const nowMicros = Number(seconds) * 1_000_000 + Number(micros);
    expect(Math.abs(nowMicros - epoch)).toBeLessThan(60_000_000);
  });
});
