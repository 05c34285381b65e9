import { expect, test } from "vitest";
import { Backlog } from "./backlog.ts";
import { encodeEvent } from "./sse-encoder.ts";

const eventOf = (id: string) => ({
  id,
  type: "scheduler.tick",
  frame: encodeEvent({ id, type: "scheduler.tick", json: "{}" }),
});

test("what was missed comes first, then what came live, each once", () => {
  const backlog = new Backlog([eventOf("1-1"), eventOf("1-2")]);
  backlog.push(eventOf("1-3"));
  expect(backlog.next()?.id).toBe("1-1");
  backlog.push(eventOf("1-4"));
  const rest = [backlog.next(), backlog.next(), backlog.next(), backlog.next()];
  expect(rest.map((event) => event?.id)).toEqual(["1-2", "1-3", "1-4", undefined]);
});

test("only what came live counts as bytes that wait", () => {
  const backlog = new Backlog([eventOf("1-1")]);
  expect(backlog.liveBytes).toBe(0);
  const live = eventOf("1-2");
  backlog.push(live);
  backlog.next();
  expect(backlog.liveBytes).toBe(live.frame.bytes.length);
  backlog.next();
  expect(backlog.liveBytes).toBe(0);
});

test("looks in vain are counted until something was taken again", () => {
  const backlog = new Backlog([eventOf("1-1"), eventOf("1-2")]);
  backlog.next();
  expect([backlog.looksInVain(), backlog.looksInVain(), backlog.looksInVain()]).toEqual([0, 1, 2]);
  backlog.next();
  expect([backlog.looksInVain(), backlog.looksInVain()]).toEqual([0, 1]);
});
