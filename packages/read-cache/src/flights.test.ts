import { setImmediate as turn } from "node:timers/promises";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { createFlights, type Boarding } from "./flights.ts";

/** Boards flights that land when the test says so. */
function airport() {
  const flights = createFlights<string>();
  let flown = 0;
  const board = (over: Partial<Boarding<string>> = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const outcome = { isUnderWay: false, isJoined: false };
    const landed = flights.board({
      id: "a",
      stamps: "e1",
      mayJoinUnderWay: true,
      load: () => {
        outcome.isUnderWay = true;
        flown++;
        return promise;
      },
      onJoin: () => (outcome.isJoined = true),
      ...over,
    });
    return { landed, land: resolve, crash: reject, outcome };
  };
  return { board, flown: () => flown };
}

test("who asks for the same at the same stamps shares one flight, its failure too", async () => {
  const { board, flown } = airport();
  const [first, second] = [board(), board()];
  const crash = new Error("the database failed");
  first.crash(crash);
  expect(await Promise.allSettled([first.landed, second.landed])).toEqual([
    { status: "rejected", reason: crash },
    { status: "rejected", reason: crash },
  ]);
  expect([flown(), second.outcome.isJoined]).toEqual([1, true]);
});

test.each([
  ["another read", { id: "b" }],
  ["other stamps", { stamps: "e2" }],
])("%s is another flight, at once", (_what, over) => {
  const { board, flown } = airport();
  board();
  board(over);
  expect(flown()).toBe(2);
});

test("one that has landed is joined by nobody, whichever else is still in the air", async () => {
  const { board, flown } = airport();
  const other = board({ stamps: "e2" });
  const first = board();
  first.land("old");
  await first.landed;
  await turn();
  const next = board();
  next.land("new");
  expect(await next.landed).toBe("new");
  const joined = board({ stamps: "e2" });
  other.land("other");
  expect(await joined.landed).toBe("other");
  expect(flown()).toBe(3);
});

describe("where stamps prove nothing", () => {
  const unproven = { mayJoinUnderWay: false };

  test("a flight waits for those of the same stamps, and for no others", async () => {
    const { board } = airport();
    board({ ...unproven, stamps: "e2" });
    const first = board(unproven);
    expect(first.outcome.isUnderWay).toBe(true);
    const second = board(unproven);
    expect(second.outcome.isUnderWay).toBe(false);
    first.land("old");
    await waitUntil(() => second.outcome.isUnderWay, { what: "the second to fly" });
    const third = board(unproven);
    expect(third.outcome.isJoined).toBe(false);
    second.land("new");
    third.land("newer");
    expect(await second.landed).toBe("new");
    expect(await third.landed).toBe("newer");
  });

  test("those who come before it flies share it", async () => {
    const { board, flown } = airport();
    const first = board(unproven);
    const second = board(unproven);
    const third = board(unproven);
    first.land("old");
    second.land("new");
    expect(await third.landed).toBe("new");
    expect([flown(), third.outcome.isJoined]).toEqual([2, true]);
  });

  test("one that hangs, and one that fails, hold the next one up for a moment only", async () => {
    const { board } = airport();
    const hanging = board(unproven);
    const failing = board(unproven);
    await waitUntil(() => failing.outcome.isUnderWay, { what: "the second to fly" });
    failing.crash(new Error("the database failed"));
    await expect(failing.landed).rejects.toThrow("failed");
    const next = board(unproven);
    next.land("new");
    expect(await next.landed).toBe("new");
    hanging.land("old");
    expect(await hanging.landed).toBe("old");
  });

  test("no timer stays behind once what was waited for has landed", async () => {
    const { board } = airport();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const first = board(unproven);
    const second = board(unproven);
    expect(timers()).toBe(before + 1);
    first.land("old");
    second.land("new");
    await second.landed;
    expect(timers()).toBe(before);
  });

  test("once stamps prove something again, nobody waits", () => {
    const { board } = airport();
    board({ ...unproven });
    expect(board({ stamps: "e2" }).outcome.isUnderWay).toBe(true);
    expect(board().outcome.isJoined).toBe(true);
  });
});
