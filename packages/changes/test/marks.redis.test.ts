import { relayMarkKey } from "@leftrail/cache-keys";
import { expect, test } from "vitest";
import { catchUp, openRedisEnds } from "./redis-ends.ts";

test("a mark counts as heard when what was said up to it has been heard, not before", async () => {
  await using ends = await openRedisEnds();
  await ends.beat();
  const { tail } = await ends.openTail();
  await catchUp(tail);
  const mark = await ends.bus.publish({ scopes: ["user:a"], ageMs: 0 });
  expect(tail.hasHeard(mark)).toBe(false);
  await catchUp(tail);
  expect(tail.hasHeard(mark)).toBe(true);
});

test("a change is not said where another relay's mark stands", async () => {
  await using ends = await openRedisEnds();
  await ends.beat();
  const other = await ends.open();
  await other.set(relayMarkKey, "another:7");
  await expect(ends.bus.publish({ scopes: ["user:a"], ageMs: 0 })).rejects.toThrow(
    "not as the relay left it",
  );
});

test("a relay that takes the lead again begins a session: what it said before vouches for nothing that came between", async () => {
  await using ends = await openRedisEnds();
  const before = await ends.bus.beat(0);
  expect((await ends.bus.beat(0)).session).toBe(before.session);
  ends.bus.restart();
  expect((await ends.bus.beat(0)).session).not.toBe(before.session);
});
