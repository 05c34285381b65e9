import { describe, expect, test } from "vitest";
import { FakeRedis, fakeIncarnation } from "../../test/fake-redis.ts";
import { headTtlMs, silenceMaxMs, silenceRoundMs, tickIntervalMs } from "../limits.ts";
import { createHeadChecks } from "./head-checks.ts";
import type { OrganizationHub } from "./organization-hub.ts";
import { createWatchedHubs, type WatchedHub } from "./watched-hubs.ts";

/** A hub that stands at an id and remembers what it was told. */
function fakeHub(organizationId: string, channel: string) {
  const hub = {
    organizationId,
    channel,
    positionId: "5-1" as string | undefined,
    subscriberCount: 1,
    released: 0,
  };
  return {
    ...hub,
    suspected: 0,
    suspect() {
      this.suspected++;
    },
    release() {
      this.released++;
    },
  };
}

type FakeHub = ReturnType<typeof fakeHub>;

function openChecks(count: number) {
  const time = { nowMs: 0 };
  const redis = new FakeRedis();
  const fakes: FakeHub[] = [];
  const hubs = createWatchedHubs<string>(
    () => 0,
    (organizationId, channel) => {
      const fake = fakeHub(organizationId, channel);
      fakes.push(fake);
      return fake as unknown as OrganizationHub<string>;
    },
  );
  const all = Array.from({ length: count }, (_, n) => hubs.findOrMake(`o${n}`));
  const advanced: WatchedHub<string>[] = [];
  const checks = createHeadChecks({
    redis: redis.asRedis(),
    hubs,
    clock: () => time.nowMs,
    advance: async (watched) => void advanced.push(watched),
  });
  const asked = (command: string) => redis.pipelined.filter(([name]) => name === command).length;
  return { redis, fakes, hubs, all, advanced, checks, asked, time };
}

const head = (epoch: unknown, seq: unknown, incarnation = fakeIncarnation): [null, unknown] => [
  null,
  [epoch, seq, incarnation],
];

describe("a hub that is compared with its head", () => {
  test("is looked after when the head is elsewhere, gone, spoilt or from another run of the server, and no other is", async () => {
    const { redis, fakes, all, advanced, checks } = openChecks(6);
    const wrongType = Object.assign(new Error("WRONGTYPE"), { name: "ReplyError" });
    const answers = [
      head("5", "1"),
      head("5", "2"),
      head(null, null),
      [wrongType, undefined] as const,
      head("5", "1", "another-run:a-replication"),
      head("5", "1"),
    ];
    redis.execute = async (commands) => commands.map((_, at) => answers[at]!);
    await checks.compare(all);
    expect(fakes.map(({ suspected }) => suspected)).toEqual([0, 1, 1, 1, 1, 0]);
    expect(advanced).toEqual(all.slice(1, 5));
  });

  test("and went on meanwhile has heard something itself", async () => {
    const { redis, fakes, all, advanced, checks } = openChecks(1);
    redis.execute = async () => {
      fakes[0]!.positionId = "5-3";
      return [head("5", "2")];
    };
    await checks.compare(all);
    expect([fakes[0]!.suspected, advanced]).toEqual([0, []]);
  });

  test("is looked after when the server was another one by the end", async () => {
    const { redis, fakes, all, checks } = openChecks(1);
    redis.execute = async () => {
      redis.incarnation = "another-run:a-replication";
      return [head("5", "1")];
    };
    await checks.compare(all);
    expect(fakes[0]!.suspected).toBe(1);
  });

  test("has no answer while Redis gives none", async () => {
    const { redis, fakes, all, checks } = openChecks(2);
    redis.execute = async () => [head("5", "1"), [new Error("Connection is closed."), undefined]];
    await expect(checks.compare(all)).rejects.toThrow("closed");
    expect(fakes.map(({ suspected }) => suspected)).toEqual([0, 0]);
  });
});

describe("silent hubs", () => {
  test("are compared a part at a time, the most silent first, and all within a round", async () => {
    const { redis, fakes, all, checks, asked, time } = openChecks(10_000);
    redis.execute = async (commands) => commands.map(() => head("5", "1"));
    all[7]!.heardAtMs = -1;
    fakes[8]!.positionId = undefined;
    await checks.compareSilent(silenceMaxMs - 1);
    expect(redis.pipelined).toEqual([["hmget", "events:{o7}:head", "epoch", "seq", "incarnation"]]);
    all[7]!.heardAtMs = 0;
    const perTick: number[] = [];
    for (
      time.nowMs = silenceMaxMs;
      time.nowMs < silenceMaxMs + silenceRoundMs;
      time.nowMs += tickIntervalMs
    ) {
      const before = asked("hmget");
      await checks.compareSilent(time.nowMs);
      perTick.push(asked("hmget") - before);
    }
    expect(Math.max(...perTick)).toBe(10_000 / (silenceRoundMs / tickIntervalMs));
    expect(new Set(redis.pipelined.map(([, key]) => key)).size).toBe(9_999);
    expect(asked("hmget")).toBe(1 + 9_999);
  });

  test("are not asked for without a connection, nor twice at once", async () => {
    const { redis, checks, asked } = openChecks(3);
    redis.status = "reconnecting";
    await checks.compareSilent(silenceMaxMs);
    expect(asked("hmget")).toBe(0);
    redis.status = "ready";
    const answer = Promise.withResolvers<[null, unknown][]>();
    redis.execute = () => answer.promise;
    const first = checks.compareSilent(silenceMaxMs);
    await checks.compareSilent(silenceMaxMs);
    expect(asked("hmget")).toBe(3);
    answer.resolve([head("5", "1"), head("5", "1"), head("5", "1")]);
    await first;
  });
});

test("heads that are looked at are told to stay, some times a day", async () => {
  const { redis, checks, asked } = openChecks(3);
  redis.execute = async (commands) => commands.map(() => head("5", "1"));
  await checks.compareSilent(headTtlMs / 4 - 1);
  expect(asked("pexpire")).toBe(0);
  await checks.compareSilent(headTtlMs / 4);
  await checks.compareSilent(headTtlMs / 4 + 1);
  expect(asked("pexpire")).toBe(3);
  await checks.compareSilent(headTtlMs / 2);
  expect(asked("pexpire")).toBe(6);
});

test("a hub that has gone gives back what it held", () => {
  const { fakes, hubs } = openChecks(2);
  fakes[0]!.subscriberCount = 0;
  hubs.removeIdle(0);
  hubs.removeIdle(30_000);
  expect([hubs.size, fakes.map(({ released }) => released)]).toEqual([1, [1, 0]]);
  hubs.clear();
  expect([hubs.size, fakes.map(({ released }) => released)]).toEqual([0, [1, 1]]);
});
