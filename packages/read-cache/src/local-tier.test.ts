import { expect, test } from "vitest";
import { createEpochTable } from "./epoch-table.ts";
import { foundOf } from "./found.ts";
import { createLocalTier, isFresh, type Slot } from "./local-tier.ts";

/** A tier whose slots are made by somebody who holds their states only while they are put there. */
function openTier(bytesMax: number) {
  const table = createEpochTable();
  const tier = createLocalTier(table, bytesMax);
  const put = (id: string, body: string): Slot => {
    const states = table.hold([`user:${id}`, "all"]);
    table.learn(states, ["e1", "e2"], table.moment());
    const slot: Slot = {
      answer: foundOf(body),
      states,
      stamps: ["e1", "e2"],
      moment: table.moment(),
      readAtMs: 0,
      shownAtMs: 0,
      freshUntilMs: 100,
      endsAtMs: Number.POSITIVE_INFINITY,
    };
    tier.set(id, slot);
    table.release(states);
    return slot;
  };
  return { table, tier, put };
}

test("a slot holds its scopes for as long as it lives, and whoever replaces it holds them on", () => {
  const { table, tier, put } = openTier(64 * 1024);
  put("a", "first");
  const slot = put("a", "second");
  expect(table.size).toBe(2);
  expect(isFresh(slot, 99)).toBe(true);
  table.forget(["user:a"]);
  expect(isFresh(tier.get("a")!, 99)).toBe(false);
});

test("one that is larger than the whole tier is not taken, takes its predecessor along and holds nothing", () => {
  const { table, tier, put } = openTier(4 * 1024);
  put("a", "small");
  put("a", "x".repeat(4 * 1024));
  expect(tier.get("a")).toBeUndefined();
  expect(tier.bytes).toBe(0);
  expect(table.size).toBe(0);
});

test("what is pushed out lets its scopes go", () => {
  const { table, tier, put } = openTier(8 * 1024);
  for (let n = 0; n < 100; n++) put(`${n}`, "x".repeat(1_000));
  expect(tier.bytes).toBeGreaterThan(4 * 1024);
  expect(tier.bytes).toBeLessThanOrEqual(8 * 1024);
  expect(tier.get("0")).toBeUndefined();
  expect(table.size).toBeLessThan(10);
});

test("a text weighs one byte a character, and two where one of them needs that", () => {
  const weightOf = (body: string): number => {
    const { tier, put } = openTier(64 * 1024);
    put("a", body);
    return tier.bytes;
  };
  const empty = weightOf("");
  expect(weightOf("x".repeat(1_000)) - empty).toBe(1_000);
  expect(weightOf(`${"x".repeat(999)}ä`) - empty).toBe(2_000);
  expect(weightOf("語".repeat(1_000)) - empty).toBe(2_000);
});

test("a slot whose epochs were never read is shown to nobody as fresh", () => {
  const { put } = openTier(64 * 1024);
  const slot = put("a", "first");
  expect(isFresh({ ...slot, stamps: null }, 99)).toBe(false);
  expect(isFresh(slot, 100)).toBe(false);
  expect(isFresh({ ...slot, endsAtMs: 99 }, 99)).toBe(false);
});
