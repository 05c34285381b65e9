import { setImmediate as turn } from "node:timers/promises";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { createRedisTail } from "../src/redis-tail.ts";
import { entriesOf, scriptedRedis } from "./scripted-redis.ts";

const startMs = 1_000_000;
const beat = (provenMs: number) => ({ kind: "beat" as const, provenMs });

/** A tail that has found its place in the stream, behind the message number 0. */
async function openTail() {
  const scripted = scriptedRedis();
  const state = { nowMs: startMs };
  const heard: string[] = [];
  const tail = createRedisTail({
    redis: scripted.redis,
    clock: () => state.nowMs,
    listener: { forget: (scopes) => heard.push(scopes.join(" ")), forgetAll: () => heard.push("all") },
  });
  const ask = () => {
    const more = tail.poll();
    const asked = scripted.asked.at(-1)!;
    // Unless a test says otherwise, Redis's clock goes as the local one does.
    const answer: typeof asked.answer = (over) =>
      asked.answer({ sharedMs: 5_000_000 + state.nowMs - startMs, ...over });
    return { ...asked, answer, more };
  };
  const first = ask();
  first.answer({ newest: entriesOf(0, { kind: "begin" })[0]! });
  await first.more;
  heard.length = 0;
  return { ...scripted, tail, state, heard, ask };
}

describe("an exchange with Redis", () => {
  test("is one at a time, and none without a connection", async () => {
    const { tail, asked, ask, close, ready } = await openTail();
    const one = ask();
    expect(await tail.poll()).toBe(false);
    expect(asked).toHaveLength(2);
    one.answer();
    await one.more;
    close();
    expect(await tail.poll()).toBe(false);
    expect(asked).toHaveLength(2);
    ready();
    void tail.poll();
    expect(asked).toHaveLength(3);
  });

  test("goes on at once where there may be more", async () => {
    const { ask } = await openTail();
    const full = ask();
    full.answer({ entries: entriesOf(1, ...Array.from({ length: 500 }, () => beat(1))) });
    expect(await full.more).toBe(true);
    const last = ask();
    last.answer({ entries: entriesOf(501, beat(1)) });
    expect(await last.more).toBe(false);
  });

  test("asks where the stream ends only after a silence", async () => {
    const { ask, state, asked } = await openTail();
    for (const [sinceMs, isAsked] of [
      [300, false],
      [1, true],
    ] as const) {
      state.nowMs += sinceMs;
      const { answer, more } = ask();
      expect(asked.at(-1)!.isNewestAsked).toBe(isAsked);
      answer({ entries: isAsked ? entriesOf(1, beat(1)) : [] });
      await more;
    }
    state.nowMs += 300;
    void ask();
    expect(asked.at(-1)).toMatchObject({ isNewestAsked: false, afterId: "1-0" });
  });
});

describe("a Redis that is not as it was, over the same connection", () => {
  const trusted = async () => {
    const all = await openTail();
    all.state.nowMs += 10;
    const one = all.ask();
    one.answer({ entries: entriesOf(1, beat(5_000_010)) });
    await one.more;
    expect(all.tail.isTrusted(all.state.nowMs)).toBe(true);
    all.state.nowMs += 301;
    return all;
  };
  /** Finds its place in the stream anew, and hears a beat. */
  const beaten = async ({ ask, state }: Awaited<ReturnType<typeof openTail>>, sharedMs = 5_000_000) => {
    const anchored = ask();
    expect(anchored.isNewestAsked).toBe(true);
    anchored.answer({ sharedMs, newest: entriesOf(0, { kind: "begin" })[0]! });
    await anchored.more;
    state.nowMs += 10;
    const { answer, more } = ask();
    answer({ sharedMs, entries: entriesOf(1, beat(sharedMs)) });
    await more;
  };

  test("counts for nothing when its stream went back, until the relay is heard again", async () => {
    const all = await trusted();
    const { ask, tail, heard, state } = all;
    const { answer, more } = ask();
    answer({ newest: entriesOf(0, { kind: "begin" })[0]! });
    await more;
    expect(heard).toEqual(["all"]);
    expect(tail.isTrusted(state.nowMs)).toBe(false);
    await beaten(all);
    expect(tail.isTrusted(state.nowMs)).toBe(true);
  });

  test("counts for nothing when its clock was put back, until the relay is heard again", async () => {
    const all = await trusted();
    const { ask, tail, heard, state } = all;
    const { answer, more } = ask();
    answer({ sharedMs: 4_000_000 });
    expect(await more).toBe(true);
    expect(heard).toEqual(["all"]);
    expect(tail.isTrusted(state.nowMs)).toBe(false);
    await beaten(all, 4_000_000);
    expect(tail.isTrusted(state.nowMs)).toBe(true);
  });

  test("gives no proof by a clock that was put back while nobody asked, however little was left of the pause", async () => {
    const { ask, tail, state } = await trusted();
    const provenMs = tail.provenAtMs();
    state.nowMs += 2_000;
    const { answer, more } = ask();
    answer({ sharedMs: 5_000_401, entries: entriesOf(2, beat(5_000_350)) });
    await more;
    expect(tail.provenAtMs()).toBe(provenMs);
  });
});

test("what the relay said up to a mark is heard: of this session and up to this number, nothing else", async () => {
  const { tail, ask } = await openTail();
  const { answer, more } = ask();
  const [entry] = entriesOf(1, beat(1));
  answer({ entries: [entry!] });
  await more;
  const session = entry![1][entry![1].indexOf("session") + 1]!;
  expect(tail.hasHeard({ session, number: 1 })).toBe(true);
  expect(tail.hasHeard({ session, number: 0 })).toBe(true);
  expect(tail.hasHeard({ session, number: 2 })).toBe(false);
  expect(tail.hasHeard({ session: "another", number: 1 })).toBe(false);
});

test("what was heard stays heard when the connection is lost, and no more than that", async () => {
  const { tail, ask, close } = await openTail();
  const { answer, more } = ask();
  answer({ entries: entriesOf(1, beat(1)) });
  await more;
  close();
  expect(tail.hasHeard({ session: "s", number: 1 })).toBe(true);
  expect(tail.hasHeard({ session: "s", number: 2 })).toBe(false);
});

describe("a connection that was lost", () => {
  test("is not heard any more, whatever still comes of it", async () => {
    const { tail, ask, heard, close, ready } = await openTail();
    const lost = ask();
    close();
    ready();
    lost.answer({
      entries: entriesOf(1, { kind: "change", writtenMs: 0, scopes: ["user:a"] }, beat(5_000_000)),
    });
    expect(await lost.more).toBe(false);
    expect(heard).toEqual([]);
    expect(tail.provenAtMs()).toBe(Number.NEGATIVE_INFINITY);
    const anew = ask();
    anew.answer({ newest: entriesOf(7, beat(1))[0]! });
    await anew.more;
    expect(heard).toEqual(["all"]);
  });

  test("holds up no exchange over the next one, and its end does not pass for that one's", async () => {
    const { tail, ask, asked, state, close, ready } = await openTail();
    const beaten = ask();
    beaten.answer({ entries: entriesOf(1, beat(5_000_000)) });
    await beaten.more;
    const lost = ask();
    close();
    state.nowMs -= 1;
    ready();
    state.nowMs += 1;
    const next = ask();
    expect(asked).toHaveLength(4);
    lost.fail();
    await lost.more;
    expect(tail.isTrusted(state.nowMs)).toBe(true);
    expect(tail.isTrusted(state.nowMs + 99)).toBe(true);
    expect(tail.isTrusted(state.nowMs + 100)).toBe(false);
    next.answer();
    await next.more;
    expect(tail.isTrusted(state.nowMs + 100)).toBe(true);
  });
});

test("a proof is as old as it may be: counted from the question, and on to the end of what TIME cut off", async () => {
  const { tail, ask, state } = await openTail();
  const { answer, more } = ask();
  state.nowMs += 40;
  answer({ sharedMs: 5_000_000, entries: entriesOf(1, beat(4_999_990)) });
  await more;
  expect(tail.provenAtMs()).toBeCloseTo(startMs - 10.001, 6);
});

test("a proof that is older than one that was heard moves nothing", async () => {
  const { tail, ask } = await openTail();
  const { answer, more } = ask();
  answer({ entries: entriesOf(1, beat(4_999_990), beat(4_999_000)) });
  await more;
  expect(tail.provenAtMs()).toBeCloseTo(startMs - 10.001, 6);
});

test.each(["4-9", "5-2"])(
  "a stream that ends at %s, before what was read of it, is another one",
  async (id) => {
    const { ask, heard, state } = await openTail();
    const [[, fields]] = entriesOf(1, beat(1)) as [[string, string[]]];
    const read = ask();
    read.answer({ entries: [["5-3", fields]] });
    await read.more;
    for (const newest of ["5-3", id]) {
      state.nowMs += 2_001;
      const { answer, more } = ask();
      answer({ newest: [newest, fields] });
      await more;
      expect(heard).toEqual(newest === id ? ["all"] : []);
    }
  },
);

test("Redis's clock lies between what it showed and when: from the answer at the earliest, from the question at the latest", async () => {
  const { tail, ask, state } = await openTail();
  const { answer, more } = ask();
  state.nowMs += 40;
  answer({ sharedMs: 5_000_000 });
  await more;
  expect(tail.answeredAtMs()).toBe(startMs + 40);
  expect(tail.sharedTime(startMs + 100)).toEqual({ earliestMs: 5_000_060, latestMs: 5_000_100.001 });
});

test("once started it asks again and again, until it is disposed of", async () => {
  const { tail, asked } = await openTail();
  const running = tail.start();
  for (const count of [2, 3]) {
    await waitUntil(() => asked.length === count, { what: "a question" });
    asked.at(-1)!.answer();
  }
  running[Symbol.dispose]();
  const other = await openTail();
  using _stillRunning = other.tail.start();
  await waitUntil(() => other.asked.length === 2, { what: "somebody else's question" });
  other.asked.at(-1)!.answer();
  await waitUntil(() => other.asked.length === 3, { what: "somebody else's next question" });
  await turn();
  expect(asked).toHaveLength(3);
});
