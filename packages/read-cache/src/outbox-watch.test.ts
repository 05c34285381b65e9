import { userScope } from "@leftrail/cache-keys";
import type { OutboxLook, OutboxRow } from "@leftrail/store";
import { describe, expect, test } from "vitest";
import { lookBeginsAtProofAgeMs, lookIntervalMs, lookRowsMax } from "./limits.ts";
import { createOutboxWatch } from "./outbox-watch.ts";

const rowOf = (id: number): OutboxRow => ({ id, scope: userScope(`u${id}`), reason: "test", ageMs: 0 });
const rows = (count: number): OutboxRow[] => Array.from({ length: count }, (_, id) => rowOf(id));

const mark = { session: "relay", number: 7 };
const never = Number.NEGATIVE_INFINITY;

/** A watch over an outbox whose answers the test gives. */
function openWatch(provenAtMs = never) {
  const state = { nowMs: 1_000_000, provenAtMs, heard: [mark] as object[] };
  const asked: PromiseWithResolvers<OutboxLook>[] = [];
  const watch = createOutboxWatch({
    outbox: {
      look: (limit) => {
        const answer = Promise.withResolvers<OutboxLook>();
        asked.push(answer);
        return answer.promise.then((all) => ({ ...all, rows: all.rows.slice(0, limit) }));
      },
    },
    feed: { provenAtMs: () => state.provenAtMs, hasHeard: (said) => state.heard.includes(said) },
    clock: () => state.nowMs,
    onEvent: () => undefined,
  });
  const look = async (found: readonly OutboxRow[]): Promise<void> => {
    const looking = watch.tick();
    asked.at(-1)!.resolve({ rows: found, mark });
    await looking;
  };
  return { watch, state, asked, look };
}

describe("a look", () => {
  test("makes known what was committed before it was asked for, not before it was answered", async () => {
    const { watch, state, asked } = openWatch();
    const looking = watch.tick();
    const askedMs = state.nowMs;
    expect(watch.knownAtMs(["all"])).toBe(never);
    state.nowMs += 100;
    asked[0]!.resolve({ rows: [], mark });
    await looking;
    expect(watch.knownAtMs(["all"])).toBe(askedMs);
  });

  test("that fails leaves what the last one said, and the next one comes in its turn", async () => {
    const { watch, state, asked, look } = openWatch();
    const firstMs = state.nowMs;
    await look(rows(1));
    state.nowMs += lookIntervalMs;
    const failing = watch.tick();
    asked[1]!.reject(new Error("the database is down"));
    await failing;
    expect(watch.knownAtMs(["all"])).toBe(firstMs);
    expect(watch.knownAtMs([userScope("u0")])).toBe(never);
    state.nowMs += lookIntervalMs;
    await look([]);
    expect(watch.knownAtMs([userScope("u0")])).toBe(state.nowMs);
  });

  test("that may not have seen all rows makes everything count as changed", async () => {
    const { watch, state, look } = openWatch();
    await look(rows(lookRowsMax - 1));
    expect(watch.knownAtMs([userScope("u1"), "all"])).toBe(never);
    expect(watch.knownAtMs([userScope("somebody-else"), "all"])).toBe(state.nowMs);
    state.nowMs += lookIntervalMs;
    await look(rows(lookRowsMax));
    expect(watch.knownAtMs([userScope("somebody-else")])).toBe(never);
  });

  test("names what may have been committed until its answer came: only a later proof covers that", async () => {
    const { watch, state, asked } = openWatch();
    const looking = watch.tick();
    state.nowMs += 100;
    asked[0]!.resolve({ rows: rows(1), mark });
    await looking;
    state.provenAtMs = state.nowMs - 1;
    expect(watch.knownAtMs([userScope("u0")])).toBe(never);
    state.provenAtMs = state.nowMs;
    expect(watch.knownAtMs([userScope("u0")])).toBe(state.nowMs);
  });

  test("makes nothing known while what the relay said of rows that are gone has not been heard", async () => {
    const { watch, state, look } = openWatch();
    state.provenAtMs = state.nowMs - 10_000;
    state.heard = [];
    await look([]);
    expect(watch.knownAtMs(["all"])).toBe(state.provenAtMs);
    state.heard = [mark];
    expect(watch.knownAtMs(["all"])).toBe(state.nowMs);
  });

  test("makes nothing known before any relay has said anything", async () => {
    const { watch, asked } = openWatch();
    const looking = watch.tick();
    asked[0]!.resolve({ rows: [], mark: undefined });
    await looking;
    expect(watch.knownAtMs(["all"])).toBe(never);
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
    asked[0]!.resolve({ rows: [], mark });
    await looking;
    const lookingAgain = watch.tick();
    expect(asked).toHaveLength(2);
    asked[1]!.resolve({ rows: [], mark });
    await lookingAgain;
    state.nowMs += lookIntervalMs - 1;
    await watch.tick();
    expect(asked).toHaveLength(2);
  });
});
