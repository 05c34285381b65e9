import { expect, test } from "vitest";
import { comparePoints, idOf, isNext, parsePoint } from "./event-id.ts";

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

test.each([
  ["the event before it", point(5, 2), true],
  ["the beginning of its epoch", point(5, 0), false],
  ["an earlier event", point(5, 1), false],
  ["the event itself", point(5, 3), false],
  ["another epoch", point(4, 2), false],
])("whether nothing can lie between an event and %s: %j is %j", (_name, position, expected) => {
  expect(isNext(point(5, 3), position)).toBe(expected);
});
