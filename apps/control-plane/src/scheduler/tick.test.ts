import { publishedEvents } from "@leftrail/contract";
import { expect, test } from "vitest";
import { tickAt } from "./tick.ts";

const noon = Date.parse("2026-01-01T12:00:00.000Z");

test("a tick is due from its boundary to the last millisecond before the next one", () => {
  const tick = tickAt(noon, 300);
  expect(tick.data).toEqual({
    tick: noon / 300_000,
    at: "2026-01-01T12:00:00.000Z",
    nextAt: "2026-01-01T12:05:00.000Z",
  });
  for (const laterMs of [1, 150_000, 299_999]) expect(tickAt(noon + laterMs, 300)).toEqual(tick);
  expect(tickAt(noon + 300_000, 300).data).toEqual({
    tick: tick.data.tick + 1,
    at: "2026-01-01T12:05:00.000Z",
    nextAt: "2026-01-01T12:10:00.000Z",
  });
  expect(tickAt(noon - 1, 300).data.tick).toBe(tick.data.tick - 1);
});

test("each tick of each period has a key of its own", () => {
  const keys = [tickAt(noon, 300), tickAt(noon + 300_000, 300), tickAt(noon, 60), tickAt(noon, 1)].map(
    ({ eventKey }) => eventKey,
  );
  expect(new Set(keys).size).toBe(keys.length);
});

test.each([1, 7, 300, 86_400])("with a period of %i s it is what the contract calls a tick", (seconds) => {
  const { data } = tickAt(noon + 123, seconds);
  expect(publishedEvents["scheduler.tick"].parse(data)).toEqual(data);
});
