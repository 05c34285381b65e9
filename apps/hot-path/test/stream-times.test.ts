import { waitUntil, type SseReader } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { untilEnd, untilEvents } from "./stream-server.ts";
import {
  eventOf,
  FakeHubs,
  organizationId,
  otherOrganizationId,
  startStreamPool,
  untilText,
} from "./stream-pool.ts";

const own = (reader: SseReader) =>
  reader.events.map(({ type, id, data }) => ({ type, id, ...JSON.parse(data) }));
const isLeft = (condition: () => boolean, what: string) => waitUntil(condition, { what });

describe("the token's end", () => {
  test("is told 30 seconds before, and ends the stream at the latest then", async () => {
    await using pool = await startStreamPool();
    const expiresAtMs = pool.time.wallMs + 600_000;
    const reader = await pool.open({ expiresAtMs });
    pool.elapse(569_000);
    expect(pool.events.map(({ kind }) => kind)).toEqual(["opened"]);
    const id = await pool.publish();
    await untilEvents(reader, 1);
    pool.elapse(1_000);
    await untilEvents(reader, 2);
    const [, reauth] = own(reader);
    expect(reauth).toEqual({
      type: "stream.reauth",
      id,
      orgId: organizationId,
      occurredAt: expect.any(String),
      data: { expiresAt: new Date(expiresAtMs).toISOString() },
    });
    pool.elapse(29_000);
    expect(reader.end).toBeUndefined();
    pool.elapse(1_000);
    await untilEnd(reader);
    expect(reader.end).toBe("end");
    expect(own(reader)).toHaveLength(2);
    expect(pool.endedBecause()).toEqual(["expired"]);
  });

  test("is told under the id of the last event that was resumed, and all of those count as sent", async () => {
    await using pool = await startStreamPool();
    const first = await pool.publish();
    const missed = [await pool.publish(), await pool.publish(), await pool.publish()];
    const reader = await pool.open({ after: first, expiresAtMs: pool.time.wallMs + 31_000 });
    await untilEvents(reader, 3);
    pool.elapse(1_000);
    await untilEvents(reader, 4);
    const last = missed.at(-1);
    expect(reader.events.map(({ id }) => id)).toEqual([...missed, last]);
    expect(own(reader)[3]).toMatchObject({ type: "stream.reauth", id: last });
    pool.elapse(30_000);
    const sentBy = pool.events.flatMap(({ kind, connection }) =>
      kind === "ended" ? [connection.sentEvents] : [],
    );
    expect([sentBy, pool.streams.sentEvents]).toEqual([[3], 3]);
  });

  test("is told at once where less than 30 seconds are left", async () => {
    await using pool = await startStreamPool();
    const reader = await pool.open({ expiresAtMs: pool.time.wallMs + 10_000 });
    await untilEvents(reader, 1);
    expect(own(reader)[0]).toMatchObject({ type: "stream.reauth", id: reader.lastEventId });
    pool.elapse(9_000);
    expect(pool.endedBecause()).toEqual([]);
    pool.elapse(1_000);
    await untilEnd(reader);
  });

  test("comes behind the position where that takes a moment, and without one where it takes longer", async () => {
    const hubs = new FakeHubs();
    await using pool = await startStreamPool({ hubs });
    const [soon, late] = [
      await pool.open({ expiresAtMs: pool.time.wallMs + 10_000 }),
      await pool.open({ expiresAtMs: pool.time.wallMs + 10_000, organizationId: otherOrganizationId }),
    ];
    const [first, second] = [...hubs.subscribers];
    pool.elapse(500);
    first?.begin({ position: "5-7", gap: undefined, replay: [] });
    await untilEvents(soon, 1);
    expect(soon.text).toMatch(/^retry: \d+\n\nid: 5-7\n\nid: 5-7\nevent: stream\.reauth\n/);
    expect(late.events).toEqual([]);
    pool.elapse(500);
    await untilEvents(late, 1);
    expect(late.events[0]).toMatchObject({ type: "stream.reauth", id: "0-0" });
    second?.begin({ position: "5-7", gap: undefined, replay: [] });
    await untilText(late, "id: 5-7\n\n");
    pool.elapse(9_000);
    for (const reader of [soon, late]) {
      await untilEnd(reader);
      expect(reader.events).toHaveLength(1);
    }
  });

  test("that has come by the time the position does ends the stream, and nothing is sent behind the end", async () => {
    const hubs = new FakeHubs();
    await using pool = await startStreamPool({ hubs });
    const reader = await pool.open({ expiresAtMs: pool.time.wallMs + 500 });
    pool.time.wallMs += 500;
    hubs.begin([eventOf("5-1"), eventOf("5-2")]);
    await untilEnd(reader);
    expect([reader.end, reader.events, reader.lastEventId]).toEqual(["end", [], "5-0"]);
    expect([pool.endedBecause(), pool.streams.sentEvents]).toEqual([["expired"], 0]);
  });

  test("in many years does not end it today: no timer overflows", async () => {
    await using pool = await startStreamPool();
    const reader = await pool.open({ expiresAtMs: Number.MAX_SAFE_INTEGER });
    pool.elapse(40 * 86_400_000, 3_600_000);
    await waitUntil(() => reader.comments.length > 0, { what: "heartbeats" });
    expect([reader.events, reader.end]).toEqual([[], undefined]);
  });

  test("of one stream is not that of another", async () => {
    await using pool = await startStreamPool();
    const readers: SseReader[] = [];
    for (const minutes of [5, 1, 3]) {
      readers.push(await pool.open({ expiresAtMs: pool.time.wallMs + minutes * 60_000 }));
    }
    pool.elapse(60_000);
    await untilEnd(readers[1]!);
    pool.elapse(120_000);
    await untilEnd(readers[2]!);
    expect(readers[0]?.end).toBeUndefined();
  });
});

describe("heartbeats", () => {
  test("come every 15 seconds, spread over them", async () => {
    await using pool = await startStreamPool();
    const readers: SseReader[] = [];
    for (let count = 0; count < 30; count++) readers.push(await pool.open({ userId: `user-${count}` }));
    pool.elapse(100);
    await waitUntil(() => readers.some(({ comments }) => comments.length > 0), {
      what: "the first heartbeats",
    });
    pool.elapse(14_900);
    for (const reader of readers) await untilText(reader, ":heartbeat\n\n");
    pool.elapse(15_000 * 3);
    for (const reader of readers) {
      await waitUntil(() => reader.comments.length === 4, { what: "four heartbeats" });
    }
  });

  test("have no id while there is no position to tell", async () => {
    const hubs = new FakeHubs();
    await using pool = await startStreamPool({ hubs });
    const reader = await pool.open();
    pool.elapse(30_000);
    await waitUntil(() => reader.comments.length === 2, { what: "two heartbeats" });
    expect(reader.text).toBe("retry: 2000\n\n:heartbeat\n\n:heartbeat\n\n");
  });
});

describe("draining", () => {
  const opened = async (pool: Awaited<ReturnType<typeof startStreamPool>>, count: number) => {
    const readers: SseReader[] = [];
    for (let n = 0; n < count; n++) readers.push(await pool.open({ userId: `user-${n}` }));
    return readers;
  };

  test("ends streams evenly spread over its time, and all by then", async () => {
    await using pool = await startStreamPool({ settings: { drainMs: 20_000 } });
    const readers = await opened(pool, 40);
    pool.state.isDraining = true;
    pool.elapse(100);
    const counts: number[] = [];
    for (let second = 0; second < 20; second++) {
      const before = pool.endedBecause().length;
      pool.elapse(1_000);
      counts.push(pool.endedBecause().length - before);
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(Math.min(...counts.slice(0, 19))).toBeGreaterThanOrEqual(1);
    expect(new Set(pool.endedBecause())).toEqual(new Set(["draining"]));
    expect(pool.endedBecause()).toHaveLength(40);
    for (const reader of readers) await untilEnd(reader);
    expect(new Set(readers.map(({ end }) => end))).toEqual(new Set(["end"]));
  });

  test("writes what is on its way first, so that nobody has to ask for it again", async () => {
    await using pool = await startStreamPool({ settings: { drainMs: 0 } });
    const readers = await opened(pool, 5);
    for (const reader of readers) reader.pause();
    const id = await pool.publish("change.detected", { title: "x".repeat(50_000) });
    pool.state.isDraining = true;
    pool.elapse(100);
    for (const reader of readers) {
      reader.resume();
      await untilEnd(reader);
      expect([reader.end, reader.lastEventId]).toEqual(["end", id]);
    }
  });

  test("over no time ends all at once, and there is no room for more", async () => {
    await using pool = await startStreamPool({ settings: { drainMs: 0 } });
    await opened(pool, 5);
    pool.state.isDraining = true;
    expect(pool.streams.roomFor("anybody", organizationId)).toBe("draining");
    pool.elapse(1, 1);
    expect(pool.endedBecause()).toHaveLength(5);
  });
});

describe("the timer", () => {
  test("runs while there are streams, and only then", async () => {
    await using pool = await startStreamPool();
    expect(pool.state.timers).toBe(0);
    const readers = [await pool.open(), await pool.open()];
    expect(pool.state.timers).toBe(1);
    for (const reader of readers) reader[Symbol.dispose]();
    await isLeft(() => pool.endedBecause().length === 2, "their ends");
    pool.elapse(100);
    expect(pool.state.timers).toBe(0);
    await pool.open();
    expect(pool.state.timers).toBe(1);
  });
});
