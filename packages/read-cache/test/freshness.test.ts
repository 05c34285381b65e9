import { allScope, organizationsRead } from "@leftrail/cache-keys";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { attemptsMax, proofAgeMaxMs, ttlMs } from "../src/limits.ts";
import { fakeWorld, scope } from "./fake-surroundings.ts";

const setUp = () => {
  const { world, openInstance } = fakeWorld();
  const instance = openInstance();
  instance.beat();
  return { world, openInstance, ...instance };
};

describe("tiers", () => {
  test("first the database, then the process; another instance takes it from Redis, then from its own process", async () => {
    const { get, openInstance, loads } = setUp();
    expect(await get()).toBe("first (miss)");
    expect(await get()).toBe("first (l1)");
    const other = openInstance();
    other.beat();
    expect(await other.get()).toBe("first (l2)");
    expect(await other.get()).toBe("first (l1)");
    expect(loads.count + other.loads.count).toBe(1);
  });

  test("variants of one key are apart in the process, and foreign to each other in Redis", async () => {
    const { get, world } = setUp();
    expect(await get(undefined, "internal")).toBe("first (miss)");
    world.truth = "second";
    expect(await get()).toBe("second (miss)");
    expect(await get(undefined, "internal")).toBe("first (l1)");
  });

  test("after 60 s an entry has ended in both tiers", async () => {
    const { get, world, beat } = setUp();
    await get();
    world.truth = "second";
    world.nowMs += ttlMs - 1;
    beat();
    expect(await get()).toBe("first (l1)");
    world.nowMs += 1;
    beat();
    expect(await get()).toBe("second (miss)");
  });

  test("a boundary in the middle of the life ends an entry in both tiers", async () => {
    const { get, world, beat, openInstance } = setUp();
    world.endsInMs = 5_000;
    await get();
    world.truth = "second";
    world.endsInMs = null;
    world.nowMs += 4_999;
    const other = openInstance();
    for (const each of [{ beat, get }, other]) {
      each.beat();
      expect(await each.get()).toMatch(/^first/);
    }
    world.nowMs += 1;
    for (const each of [{ beat, get }, other]) each.beat();
    expect(await other.get()).toBe("second (miss)");
    expect(await get()).toBe("second (l2)");
  });

  test("nothing of somebody else's absence is kept in Redis; in the process it is, as an answer", async () => {
    const { get, world, loads } = setUp();
    world.truth = null;
    expect(await get()).toBe("absent (miss)");
    expect(await get()).toBe("absent (l1)");
    expect(world.entries.size).toBe(0);
    world.truth = "mine";
    world.invalidate(scope);
    expect(await get()).toBe("mine (miss)");
    expect(loads.count).toBe(2);
  });
});

describe("invalidation", () => {
  test.each([scope, allScope])("of %s ends what both tiers hold", async (changed) => {
    const { get, world, openInstance } = setUp();
    await get();
    world.truth = "second";
    world.invalidate(changed);
    expect(await get()).toBe("second (miss)");
    const other = openInstance();
    other.beat();
    expect(await other.get()).toBe("second (l2)");
  });

  test("of somebody else's scope ends nothing", async () => {
    const { get, world } = setUp();
    await get();
    world.invalidate("user:somebody-else", "catalog");
    expect(await get()).toBe("first (l1)");
  });

  test("once something may have been missed, the process asks for the epochs again", async () => {
    const { get, world, table } = setUp();
    await get();
    // As an invalidation whose message was lost.
    world.epochs.set(scope, "replaced unheard");
    world.truth = "second";
    table.forgetAll();
    expect(await get()).toBe("second (miss)");
  });

  test("a fill held after its read shows nobody the old data, not even who asked for it", async () => {
    const { get, world, holdLoads, openInstance, loads } = setUp();
    const release = holdLoads();
    const early = get();
    await waitUntil(() => loads.running === 1, { what: "the fill to run" });
    world.commit("second", scope);
    world.relay();
    release();
    const late = get();
    expect(await early).toMatch(/^second/);
    expect(await late).toMatch(/^second/);
    const other = openInstance();
    other.beat();
    expect(await other.get()).toBe("second (l2)");
    expect(await get()).toBe("second (l1)");
  });

  test("a fill held for long that Redis gets last is refused by every reader", async () => {
    const { get, world, openInstance } = setUp();
    await get();
    const [key, held] = [...world.entries][0]!;
    world.commit("second", scope);
    world.relay();
    await get();
    world.entries.set(key, held);
    const other = openInstance();
    other.beat();
    expect(await other.get()).toBe("second (miss)");
    expect(other.events).toContainEqual({ kind: "refused" });
  });

  test("nobody who comes after an invalidation joins an older flight", async () => {
    const { get, world, holdLoads, loads, deafen } = setUp();
    // Deaf, so that only the epochs tell: the older flight does not notice that it is overtaken.
    deafen();
    const release = holdLoads();
    const early = get();
    await waitUntil(() => loads.running === 1, { what: "the fill to run" });
    world.commit("second", scope);
    world.relay();
    const late = get();
    await waitUntil(() => loads.running === 2, { what: "a flight of its own" });
    release();
    expect(await late).toBe("second (miss)");
    expect(await early).toMatch(/^second/);
  });

  test("while invalidations never end, who asks is told so: what was overtaken is not shown", async () => {
    const { cache, world } = setUp();
    let loads = 0;
    const answer = cache.read({
      read: organizationsRead("u"),
      variant: "",
      async load() {
        loads++;
        world.invalidate("user:u");
        return { kind: "found", body: `${loads}`, endsInMs: null };
      },
    });
    await expect(answer).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
    expect(loads).toBe(attemptsMax);
    expect(cache.hit(organizationsRead("u").key, "")).toBeUndefined();
  });
});

describe("without a proof of the relay", () => {
  const unproven = async () => {
    const all = setUp();
    await all.get();
    all.deafen();
    all.world.nowMs += proofAgeMaxMs + 1;
    return all;
  };

  test("nothing is answered without asking; what an own look does not name is served", async () => {
    const { get, cache, world } = await unproven();
    world.truth = "second";
    expect(await get()).toBe("second (miss)");
    await cache.tick();
    expect(await get()).toBe("second (l1)");
  });

  test("scopes that are committed and not relayed are served from no tier", async () => {
    const { get, cache, world, openInstance } = await unproven();
    await cache.tick();
    expect(await get()).toBe("first (l1)");
    world.commit("second", scope);
    world.nowMs += 300;
    await cache.tick();
    expect(await get()).toBe("second (miss)");
    world.truth = "third";
    expect(await get()).toBe("third (miss)");
    world.relay();
    world.nowMs += 300;
    await cache.tick();
    const other = openInstance();
    await other.cache.tick();
    expect(await other.get()).toBe("third (miss)");
  });

  test("a look that is too old counts no more", async () => {
    const { get, cache, world } = await unproven();
    await cache.tick();
    world.truth = "second";
    world.nowMs += 601;
    expect(await get()).toBe("second (miss)");
  });

  test("Redis out of reach: the database answers every request, and nothing of it is kept", async () => {
    const { get, world, loads } = await unproven();
    world.isSharedUsable = false;
    world.truth = "second";
    expect(await get()).toBe("second (miss)");
    world.truth = "third";
    expect(await get()).toBe("third (miss)");
    expect(loads.count).toBe(3);
  });

  test("the process answers on while its proof lasts, though Redis is out of reach", async () => {
    const { get, world } = setUp();
    await get();
    world.isSharedUsable = false;
    world.nowMs += proofAgeMaxMs;
    expect(await get()).toBe("first (l1)");
    world.nowMs += 1;
    world.truth = "second";
    expect(await get()).toBe("second (miss)");
  });
});

describe("what one instance shows only moves forward", () => {
  test("after the database showed something new, neither Redis nor an older proof brings back the old", async () => {
    const { get, world, openInstance, beat } = setUp();
    const other = openInstance();
    other.beat();
    await other.get();
    // Redis is lost for a moment: the database shows a commit that the relay has not seen.
    world.commit("second", scope);
    world.isSharedUsable = false;
    expect(await get()).toBe("second (miss)");
    world.isSharedUsable = true;
    expect(await get()).toBe("second (miss)");
    world.nowMs += 10;
    world.relay();
    beat();
    expect(await get()).toBe("second (miss)");
  });

  test("the same where the new is that there is nothing", async () => {
    const { get, world, openInstance, beat, cache } = setUp();
    const other = openInstance();
    other.beat();
    await other.get();
    world.nowMs += proofAgeMaxMs + 1;
    world.commit(null, scope);
    expect(await get()).toBe("absent (miss)");
    // A proof from before the commit, and a look from before it.
    world.pending.length = 0;
    world.nowMs += 1;
    beat();
    expect(await get()).toMatch(/^absent/);
    await cache.tick();
    expect(await get()).toMatch(/^absent/);
  });

  test("of two reads under way the one that began later wins, whichever ends last", async () => {
    const { world, cache, beat } = setUp();
    const slow = Promise.withResolvers<void>();
    const load = (body: string, until?: Promise<void>) => async () => {
      await until;
      return { kind: "found" as const, body, endsInMs: null };
    };
    const keyed = organizationsRead("u");
    world.isSharedUsable = false;
    const first = cache.read({ read: keyed, variant: "", load: load("old", slow.promise) });
    await Promise.resolve();
    world.isSharedUsable = true;
    world.nowMs += 1;
    const second = await cache.read({ read: keyed, variant: "", load: load("new") });
    expect(second.kind === "found" && second.body).toBe("new");
    slow.resolve();
    const answer = await first;
    expect(answer.kind === "found" && answer.body).toBe("new");
    beat();
  });
});
