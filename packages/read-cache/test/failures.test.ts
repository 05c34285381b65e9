import { featuresRead, organizationsRead } from "@leftrail/cache-keys";
import { ProblemError } from "@leftrail/contract";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import {
  databaseReadsMax,
  databaseTimeoutMs,
  proofAgeMaxMs,
  sharedReadTimeoutMs,
  staleMaxMs,
  ttlMs,
} from "../src/limits.ts";
import { fakeWorld, scope } from "./fake-surroundings.ts";

const setUp = () => {
  const { world, openInstance } = fakeWorld();
  const instance = openInstance();
  instance.beat();
  return { world, openInstance, ...instance };
};

const unavailable = expect.objectContaining({ code: "unavailable" });

describe("the database is down", () => {
  const down = async () => {
    const all = setUp();
    await all.get();
    all.world.isDatabaseUp = false;
    all.world.nowMs += proofAgeMaxMs + 1;
    return all;
  };

  test("what is kept goes on, marked stale; what is not is unavailable", async () => {
    const { get } = await down();
    expect(await get()).toBe("first (stale)");
    await expect(get(organizationsRead("somebody-else"))).rejects.toThrow(unavailable);
  });

  test("an entry goes on beyond its own life, for 5 minutes after the last proof", async () => {
    const { get, world } = await down();
    world.nowMs += ttlMs;
    expect(await get()).toBe("first (stale)");
    world.nowMs += staleMaxMs - ttlMs - proofAgeMaxMs - 1;
    expect(await get()).toBe("first (stale)");
    world.nowMs += 1;
    await expect(get()).rejects.toThrow(unavailable);
  });

  test("an instance that has nothing of its own takes it from Redis", async () => {
    const { world, openInstance } = setUp();
    const other = openInstance();
    other.beat();
    await other.get();
    const { get, beat } = openInstance();
    beat();
    world.isDatabaseUp = false;
    world.nowMs += proofAgeMaxMs + 1;
    expect(await get()).toBe("first (stale)");
  });

  test("what was invalidated does not go on", async () => {
    const { get, world } = await down();
    world.invalidate(scope);
    await expect(get()).rejects.toThrow(unavailable);
  });

  test("nor what the last look at the outbox named", async () => {
    const { get, world, cache } = setUp();
    await get();
    world.nowMs += proofAgeMaxMs + 1;
    world.commit("second", scope);
    await cache.tick();
    world.isDatabaseUp = false;
    await expect(get()).rejects.toThrow(unavailable);
  });

  test("but what it named and the relay has relayed since does", async () => {
    const { get, world, cache, beat } = setUp();
    world.nowMs += proofAgeMaxMs + 1;
    world.commit("second", scope);
    await cache.tick();
    world.relay();
    world.nowMs += 1;
    beat();
    await get();
    world.isDatabaseUp = false;
    world.nowMs += 2 * proofAgeMaxMs + 1;
    expect(await get()).toBe("second (stale)");
  });

  test("nor what has met its boundary", async () => {
    const { get, world } = setUp();
    world.endsInMs = 5_000;
    await get();
    world.isDatabaseUp = false;
    world.nowMs += 4_999;
    expect(await get()).toBe("first (stale)");
    world.nowMs += 1;
    await expect(get()).rejects.toThrow(unavailable);
  });

  test("with Redis out of reach as well, what the process heard no invalidation of goes on", async () => {
    const { get, world, table } = await down();
    world.isSharedUsable = false;
    expect(await get()).toBe("first (stale)");
    table.forgetAll();
    await expect(get()).rejects.toThrow(unavailable);
  });

  test("so does what the database itself showed while Redis was gone already", async () => {
    const { get, world } = setUp();
    world.isSharedUsable = false;
    await get();
    world.isDatabaseUp = false;
    world.nowMs += 10;
    expect(await get()).toBe("first (stale)");
  });

  test("reads stop asking it, and begin again once a ping was answered", async () => {
    const { get, world, cache, loads, events } = await down();
    await get();
    await waitUntil(() => events.some(({ kind }) => kind === "database_state"), { what: "the ping to fail" });
    const before = loads.count;
    expect(await get()).toBe("first (stale)");
    expect(loads.count).toBe(before);
    world.isDatabaseUp = true;
    world.commit("second", scope);
    world.nowMs += 250;
    await cache.tick();
    expect(await get()).toBe("second (miss)");
    expect(events).toContainEqual({ kind: "database_state", isUp: true });
  });

  test("an error that is no outage is passed on, and the database counts as up", async () => {
    const { cache, events } = setUp();
    const load = async () => {
      throw new ProblemError("internal", "broken");
    };
    const request = { read: organizationsRead("u"), variant: "", load };
    await expect(cache.read(request)).rejects.toThrow(expect.objectContaining({ code: "internal" }));
    expect(events).not.toContainEqual({ kind: "database_state", isUp: false });
  });
});

describe("many at once", () => {
  test("500 cold requests for one key are one read of the database", async () => {
    const { get, loads, events } = setUp();
    const answers = await Promise.all(Array.from({ length: 500 }, () => get()));
    expect(new Set(answers)).toEqual(new Set(["first (miss)"]));
    expect(loads.count).toBe(1);
    expect(events.filter(({ kind }) => kind === "joined")).toHaveLength(499);
  });

  test("where stamps prove nothing, those who come while one is under way share the next", async () => {
    const { get, loads, world, holdLoads } = setUp();
    world.isSharedUsable = false;
    const release = holdLoads();
    const first = get();
    await waitUntil(() => loads.running === 1, { what: "the first read" });
    world.truth = "second";
    const later = Array.from({ length: 500 }, () => get());
    release();
    expect(await first).toBe("first (miss)");
    expect(new Set(await Promise.all(later))).toEqual(new Set(["second (miss)"]));
    expect(loads.count).toBe(2);
  });

  test("one read that hangs holds up no other key, and is unavailable in time", async () => {
    const { cache, get } = setUp();
    const hanging = cache.read({
      read: organizationsRead("u"),
      variant: "",
      load: () => new Promise(() => undefined),
    });
    expect(await get()).toBe("first (miss)");
    await expect(hanging).rejects.toThrow(unavailable);
    expect(databaseTimeoutMs + sharedReadTimeoutMs).toBeLessThan(300);
  });

  test("no more than so many reads run at once, and all get their turn", async () => {
    const { get, loads, holdLoads } = setUp();
    const release = holdLoads();
    const reads = Array.from({ length: 100 }, (_, n) => get(organizationsRead(`user-${n}`)));
    await waitUntil(() => loads.running === databaseReadsMax, { what: "the reads to run" });
    release();
    await Promise.all(reads);
    expect(loads.runningMax).toBe(databaseReadsMax);
    expect(loads.count).toBe(100);
  });

  test("who waits too long for a turn is told so, and its read never runs", async () => {
    const { get, loads, holdLoads } = setUp();
    const release = holdLoads();
    const reads = Array.from({ length: databaseReadsMax + 1 }, (_, n) => get(organizationsRead(`u-${n}`)));
    const outcomes = await Promise.allSettled(reads);
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => "rejected"));
    release();
    expect(await get()).toBe("first (miss)");
    expect(loads.count).toBe(databaseReadsMax + 1);
  });
});

test("the process's tier stays within its bytes, and forgets the scopes of what goes", async () => {
  const { openInstance } = setUp();
  const localBytesMax = 64 * 1024;
  const { cache, get, table, beat } = openInstance({ localBytesMax });
  for (let n = 0; n < 2_000; n++) {
    beat();
    await get(featuresRead(`org-${n}`, `user-${n}`));
  }
  expect(cache.localBytes).toBeLessThanOrEqual(localBytesMax);
  expect(cache.localBytes).toBeGreaterThan(localBytesMax / 2);
  expect(table.size).toBeLessThan(200);
});
