import { userScope } from "@leftrail/cache-keys";
import type { OutboxRow } from "@leftrail/store";
import { describe, expect, test } from "vitest";
import { lookAgeMaxMs, lookBeginsAtProofAgeMs, lookIntervalMs, lookRowsMax } from "./limits.ts";
import { createOutboxWatch } from "./outbox-watch.ts";

const rowOf = (id: number): OutboxRow => ({ id, scope: userScope(`u${id}`), reason: "test", ageMs: 0 });
const rows = (count: number): OutboxRow[] => Array.from({ length: count }, (_, id) => rowOf(id));

/** A watch over an outbox whose answers the test gives. */
function openWatch(provenAtMs = Number.NEGATIVE_INFINITY) {
  const state = { nowMs: 1_000_000, provenAtMs };
  const asked: PromiseWithResolvers<readonly OutboxRow[]>[] = [];
  const watch = createOutboxWatch({
    outbox: {
      pending: (limit) => {
        const answer = Promise.withResolvers<readonly OutboxRow[]>();
        asked.push(answer);
        return answer.promise.then((all) => all.slice(0, limit));
      },
    },
    feed: { provenAtMs: () => state.provenAtMs },
    clock: () => state.nowMs,
    onEvent: () => undefined,
  });
  const look = async (found: readonly OutboxRow[]): Promise<void> => {
    const looking = watch.tick();
    asked.at(-1)!.resolve(found);
    await looking;
  };
  return { watch, state, asked, look };
}

describe("a look", () => {
  test("covers what was committed before it was asked for, not before it was answered", async () => {
    const { watch, state, asked } = openWatch();
    const looking = watch.tick();
    const askedMs = state.nowMs;
    expect(watch.lookedAtMs(state.nowMs)).toBe(Number.NEGATIVE_INFINITY);
    state.nowMs += 100;
    asked[0]!.resolve([]);
    await looking;
    expect(watch.lookedAtMs(state.nowMs)).toBe(askedMs);
    expect(watch.lookedAtMs(askedMs + lookAgeMaxMs + 1)).toBe(Number.NEGATIVE_INFINITY);
    expect(watch.lastLookMs()).toBe(askedMs);
  });

  test("that fails leaves what the last one said, and the next one comes in its turn", async () => {
    const { watch, state, asked, look } = openWatch();
    const firstMs = state.nowMs;
    await look(rows(1));
    state.nowMs += lookIntervalMs;
    const failing = watch.tick();
    asked[1]!.reject(new Error("the database is down"));
    await failing;
    expect(watch.lastLookMs()).toBe(firstMs);
    expect(watch.isPending([userScope("u0")])).toBe(true);
    state.nowMs += lookIntervalMs;
    await look([]);
    expect(watch.isPending([userScope("u0")])).toBe(false);
  });

  test("that may not have seen all rows makes everything count as changed", async () => {
    const { watch, state, look } = openWatch();
    await look(rows(lookRowsMax - 1));
    expect(watch.isPending([userScope("u1"), "all"])).toBe(true);
    expect(watch.isPending([userScope("somebody-else"), "all"])).toBe(false);
    state.nowMs += lookIntervalMs;
    await look(rows(lookRowsMax));
    expect(watch.isPending([userScope("somebody-else")])).toBe(true);
  });

  test("counts no more against what the relay has proven since", async () => {
    const { watch, state, look } = openWatch();
    await look(rows(1));
    state.provenAtMs = state.nowMs - 1;
    expect(watch.isPending([userScope("u0")])).toBe(true);
    state.provenAtMs = state.nowMs + 1;
    expect(watch.isPending([userScope("u0")])).toBe(false);
  });
});

describe("it looks", () => {
  test("only once the relay's proof grows old, and before it is too old", async () => {
    const { watch, state, asked } = openWatch(1_000_000);
    state.nowMs += lookBeginsAtProofAgeMs - 1;
    await watch.tick();
    expect(asked).toHaveLength(0);
    state.nowMs += 1;
    void watch.tick();
    expect(asked).toHaveLength(1);
  });

  test("once at a time, and not again before its time", async () => {
    const { watch, state, asked } = openWatch();
    const looking = watch.tick();
    state.nowMs += lookIntervalMs;
    await watch.tick();
    expect(asked).toHaveLength(1);
    asked[0]!.resolve([]);
    await looking;
    const lookingAgain = watch.tick();
    expect(asked).toHaveLength(2);
    asked[1]!.resolve([]);
    await lookingAgain;
    state.nowMs += lookIntervalMs - 1;
    await watch.tick();
    expect(asked).toHaveLength(2);
  });
});
