import { describe, expect, test } from "vitest";
import { comparePoints, followsOn, idOf, parsePoint } from "./event-id.ts";

const point = (epoch: number, seq: number) => ({ epoch, seq });

test.each([point(1, 0), point(1_795_194_267_123_765, 1), point(0, 0), point(7, Number.MAX_SAFE_INTEGER)])(
  "%j is the same point after it was an id",
  (given) => {
    expect(parsePoint(idOf(given))).toEqual(given);
  },
);

test("points are ordered by their numbers, not by their letters", () => {
  const ordered = [point(9, 9), point(9, 10), point(10, 0), point(10, 2), point(10, 11), point(100, 1)];
  expect(ordered.toReversed().toSorted(comparePoints)).toEqual(ordered);
});

describe("an event follows on", () => {
  test.each([
    ["the event before it", point(5, 3), "5-2", point(5, 2), true],
    ["the last one of the epoch before", point(6, 1), "5-2", point(5, 2), true],
    ["the beginning of its own epoch", point(6, 1), "5-2", point(6, 0), true],
  ])("%s", (_name, of, prev, position, expected) => {
    expect(followsOn({ point: of, prev }, position)).toBe(expected);
  });

  test.each([
    ["an earlier one", point(5, 3), "5-2", point(5, 1)],
    ["itself", point(5, 3), "5-2", point(5, 3)],
    ["an earlier one of the epoch before", point(6, 1), "5-2", point(5, 1)],
    ["what an epoch before had after it", point(6, 1), "5-2", point(5, 3)],
    ["another epoch's beginning", point(6, 1), "5-2", point(5, 0)],
  ])("not %s", (_name, of, prev, position) => {
    expect(followsOn({ point: of, prev }, position)).toBe(false);
  });
});
