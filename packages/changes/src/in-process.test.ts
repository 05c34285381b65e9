import type { Scope } from "@leftrail/cache-keys";
import { expect, test } from "vitest";
import { createInProcessChanges } from "./in-process.ts";

test("whoever listens hears of a change before it counts as published", async () => {
  const changes = createInProcessChanges(() => 0);
  const heard: (readonly Scope[])[] = [];
  for (const _listener of [1, 2]) {
    changes.listen({ forget: (scopes) => void heard.push(scopes), forgetAll: () => undefined });
  }
  await changes.bus.publish({ scopes: ["user:a", "all"], ageMs: 0 });
  expect(heard).toEqual([
    ["user:a", "all"],
    ["user:a", "all"],
  ]);
});

test("the proof is the latest moment that was beaten, by the process's own clock", async () => {
  let nowMs = 1_000;
  const changes = createInProcessChanges(() => nowMs);
  const { bus } = changes;
  expect(changes.provenAtMs()).toBe(Number.NEGATIVE_INFINITY);
  const early = await bus.now();
  nowMs += 10;
  const late = await bus.now();
  expect([early, late]).toEqual([1_000, 1_010]);
  await bus.beat(late);
  await bus.beat(early);
  expect(changes.provenAtMs()).toBe(late);
});

test("a relay that takes the lead again makes everybody forget, and what it said before is another session", async () => {
  const changes = createInProcessChanges(() => 0);
  let forgotten = 0;
  changes.listen({ forget: () => undefined, forgetAll: () => void forgotten++ });
  const before = await changes.bus.beat(0);
  expect(changes.hasHeard(before)).toBe(true);
  changes.bus.restart();
  expect(forgotten).toBe(1);
  expect(changes.hasHeard(before)).toBe(false);
  expect(changes.hasHeard(await changes.bus.beat(0))).toBe(true);
});
