import { describe, expect, test } from "vitest";
import { parsePoint, type Point } from "./event-id.ts";
import { entryOverheadBytes } from "./limits.ts";
import { createRing, type Ring } from "./ring.ts";
import { createRingBudget } from "./ring-budget.ts";

const at = (id: string): Point => parsePoint(id)!;
const limits = { eventsMax: 5, ageMaxMs: 1_000, bytesMax: 1_000 };

function ringOf(start: string, ...events: [id: string, atMs?: number][]): Ring<string> {
  const ring = createRing<string>({ limits, budget: createRingBudget(1e9), position: at(start) });
  for (const event of events) append(ring, ...event);
  return ring;
}

function append(ring: Ring<string>, id: string, atMs = 0, bytes = 10): void {
  ring.append({ id, type: "t", frame: id, point: at(id), bytes, atMs });
}

/** What somebody with an id is given. */
function given(ring: Ring<string>, after: string): readonly string[] | string {
  const resumption = ring.resume(after);
  if (resumption.kind === "replay") return resumption.events.map(({ id }) => id);
  return resumption.kind === "gap" ? resumption.reason : "ahead";
}

describe("one that has some events of its epoch", () => {
  const ring = ringOf("4-8", ["4-9"], ["4-10"], ["4-11"]);

  test.each([
    ["4-8", ["4-9", "4-10", "4-11"]],
    ["4-9", ["4-10", "4-11"]],
    ["4-10", ["4-11"]],
    ["4-11", []],
  ])("after %s come %j", (after, events) => {
    expect(given(ring, after)).toEqual(events);
  });

  test.each([
    ["4-7", "expired"],
    ["4-0", "expired"],
    ["3-9", "unknown"],
    ["3-10", "unknown"],
    ["4-12", "ahead"],
    ["5-0", "ahead"],
    ["x", "unknown"],
    ["", "unknown"],
    ["04-9", "unknown"],
  ])("%s is %s", (after, reason) => {
    expect(given(ring, after)).toBe(reason);
  });
});

test("one that has never held anything is resumed from its position", () => {
  const ring = ringOf("7-3");
  expect(["7-3", "7-2", "4-9", "7-4"].map((after) => given(ring, after))).toEqual([
    [],
    "expired",
    "unknown",
    "ahead",
  ]);
});

test("one whose events have all gone is resumed from the last of them", () => {
  const ring = ringOf("4-8", ["4-9", 0], ["4-10", 5]);
  ring.expire(1_003);
  expect([given(ring, "4-8"), given(ring, "4-9")]).toEqual(["expired", ["4-10"]]);
  ring.expire(2_000);
  expect([given(ring, "4-10"), given(ring, "4-9")]).toEqual([[], "expired"]);
});

test("an event is held until it is older than the limit, and not at it", () => {
  const ring = ringOf("1-0", ["1-1", 500]);
  ring.expire(1_500);
  expect(ring.length).toBe(1);
  ring.expire(1_501);
  expect(ring.length).toBe(0);
});

test("nobody is led across what was lost, within an epoch or to another one", () => {
  const ring = ringOf("4-8", ["4-9"]);
  ring.reset(at("4-20"));
  append(ring, "4-21");
  expect(["4-8", "4-9", "4-20"].map((after) => given(ring, after))).toEqual(["expired", "expired", ["4-21"]]);
  ring.reset(at("7-0"));
  append(ring, "7-1");
  expect(["4-20", "4-21", "7-0"].map((after) => given(ring, after))).toEqual(["unknown", "unknown", ["7-1"]]);
});

test("its number of events and its bytes are bounded, each by itself", () => {
  const many = ringOf("1-0");
  for (let n = 1; n <= 8; n++) append(many, `1-${n}`);
  expect([many.length, given(many, "1-3"), given(many, "1-2")]).toEqual([
    5,
    ["1-4", "1-5", "1-6", "1-7", "1-8"],
    "expired",
  ]);
  const heavy = ringOf("1-0");
  for (let n = 1; n <= 4; n++) append(heavy, `1-${n}`, 0, 400);
  expect(given(heavy, "1-2")).toEqual(["1-3", "1-4"]);
});

describe("the budget of all rings", () => {
  const roomFor = (events: number) => createRingBudget(events * (1_000 + entryOverheadBytes));
  const wide = { eventsMax: 1_000, ageMaxMs: 1_000, bytesMax: 1e9 };
  const open = (budget: ReturnType<typeof createRingBudget>) =>
    createRing<string>({ limits: wide, budget, position: at("1-0") });
  const fill = (ring: Ring<string>, to: number) => {
    for (let n = ring.position.seq + 1; n <= to; n++) append(ring, `1-${n}`, 0, 1_000);
  };

  test("is what the fullest pays for, and it holds on", () => {
    const budget = roomFor(100);
    const [large, small, other] = [open(budget), open(budget), open(budget)];
    fill(small, 10);
    fill(large, 500);
    expect([small.length, other.length]).toEqual([10, 0]);
    expect(large.length).toBeGreaterThan(80);
    expect(large.length).toBeLessThanOrEqual(90);
    fill(other, 60);
    expect(small.length).toBe(10);
    expect(large.length + other.length).toBeLessThanOrEqual(90);
    expect(Math.abs(large.length - other.length)).toBeLessThan(20);
  });

  test("gets back what a ring held that is no more, or was emptied", () => {
    const budget = roomFor(100);
    const [first, second] = [open(budget), open(budget)];
    fill(first, 100);
    first.reset(at("2-0"));
    fill(second, 100);
    expect(second.length).toBe(100);
    second.release();
    const third = open(budget);
    fill(third, 100);
    expect(third.length).toBe(100);
  });
});
