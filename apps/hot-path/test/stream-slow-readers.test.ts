import { waitUntil, type SseReader } from "@leftrail/testkit";
import { describe, expect, test, vi } from "vitest";
import { backlogBytesMax } from "../src/stream/limits.ts";
import { eventOf, FakeHubs, startStreamPool } from "./stream-pool.ts";
import { givenMember, startStreamServer, untilEnd } from "./stream-server.ts";

const title = "x".repeat(50_000);
const idsOf = ({ events }: SseReader) => events.map(({ id }) => id);

// Megabytes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

test("a reader that takes nothing of 50 MB is cut off; others get all of it, and nothing is left of it in memory", async () => {
  await using server = await startStreamServer();
  const { as, organizationId } = await givenMember(server);
  const slow = await server.open({ as });
  const others = [await server.open({ as }), await server.open({ as })];
  slow.pause();
  const ids: string[] = [];
  let queuedBytes = 0;
  for (let count = 0; count < 1_000; count++) {
    ids.push(await server.publish(organizationId, "change.detected", { title }));
    queuedBytes = Math.max(queuedBytes, await server.metric("leftrail_stream_queued_bytes"));
    // Those who read are given the time to.
    const areServed = () => others.every(({ lastEventId }) => lastEventId === ids.at(-1));
    if (count % 10 === 9) await waitUntil(areServed, { what: "the others", intervalMs: 0 });
  }
  for (const other of others) expect(idsOf(other)).toEqual(ids);
  expect(queuedBytes).toBeGreaterThan(0);
  // Of the three together, for the others are given nothing to read for ten events.
  expect(queuedBytes).toBeLessThanOrEqual(3 * backlogBytesMax);
  expect(await server.metric("leftrail_stream_queued_bytes")).toBe(0);
  expect(await server.metric('leftrail_stream_ended_total{reason="slow"}')).toBe(1);
  expect(await server.metric('leftrail_stream_connections{state="live"}')).toBe(2);
  slow.resume();
  await untilEnd(slow);
  expect(slow.end).toBe("cut");
});

test("one that was cut off comes back with its cursor and has everything once", async () => {
  await using server = await startStreamServer();
  const { as, organizationId } = await givenMember(server);
  const slow = await server.open({ as });
  slow.pause();
  const ids: string[] = [];
  // Less than a history holds, more than sockets do.
  await waitUntil(
    async () => {
      ids.push(await server.publish(organizationId, "change.detected", { title }));
      return (await server.metric('leftrail_stream_ended_total{reason="slow"}')) === 1;
    },
    { what: "the cut", intervalMs: 0 },
  );
  ids.push(await server.publish(organizationId));
  slow.resume();
  await untilEnd(slow);
  const rest = await server.open({ as, query: { last_event_id: slow.lastEventId } });
  await waitUntil(() => rest.lastEventId === ids.at(-1), { what: "the last event" });
  expect([...idsOf(slow), ...idsOf(rest)]).toEqual(ids);
  expect(ids.length).toBeLessThan(320);
});

describe("bytes, not events, are what counts", () => {
  /** More than sockets take. */
  const replay = Array.from({ length: 300 }, (_none, index) =>
    eventOf(`5-${index + 1}`, JSON.stringify(title)),
  );
  const begun = async (missed: Parameters<FakeHubs["begin"]>[0] = [], lifeMs = 3_600_000) => {
    const hubs = new FakeHubs();
    const pool = await startStreamPool({ hubs });
    const reader = await pool.open({ expiresAtMs: pool.time.wallMs + lifeMs });
    reader.pause();
    hubs.begin(missed);
    return { hubs, pool, reader };
  };
  /** Until the sockets of both sides are full; answers how many events that took. */
  const fill = (hubs: FakeHubs, isFull: () => boolean): number => {
    let sequence = 0;
    while (!isFull()) hubs.event(eventOf(`5-${++sequence}`, JSON.stringify(title)));
    return sequence;
  };

  test("many small events may wait together", async () => {
    const { hubs, pool, reader } = await begun();
    await using _pool = pool;
    const [connection] = pool.streams.connections;
    let sequence = fill(hubs, () => connection?.queuedBytes !== 0);
    const before = connection?.queuedBytes ?? 0;
    for (let count = 0; count < 1_000; count++) hubs.event(eventOf(`5-${++sequence}`));
    expect(connection?.queuedBytes).toBeGreaterThan(before);
    expect(pool.endedBecause()).toEqual([]);
    reader.resume();
    await waitUntil(() => reader.lastEventId === `5-${sequence}`, { what: "the last event" });
    expect(idsOf(reader)).toEqual(Array.from({ length: sequence }, (_none, index) => `5-${index + 1}`));
  });

  test("one that is larger by itself arrives where nothing else waits", async () => {
    const { hubs, pool, reader } = await begun();
    await using _pool = pool;
    reader.resume();
    const [connection] = pool.streams.connections;
    await waitUntil(() => reader.lastEventId === "5-0" && connection?.queuedBytes === 0, {
      what: "the beginning",
    });
    hubs.event(eventOf("5-1", JSON.stringify("x".repeat(2 * backlogBytesMax))));
    await waitUntil(() => reader.lastEventId === "5-1", { what: "the event" });
    expect(pool.endedBecause()).toEqual([]);
  });

  test("one more than may wait cuts off at once", async () => {
    const { hubs, pool, reader } = await begun();
    await using _pool = pool;
    const [connection] = pool.streams.connections;
    let sequence = fill(hubs, () => connection?.queuedBytes !== 0);
    while (pool.endedBecause().length === 0) {
      expect(connection?.queuedBytes).toBeLessThanOrEqual(backlogBytesMax);
      hubs.event(eventOf(`5-${++sequence}`, JSON.stringify(title)));
    }
    expect(pool.endedBecause()).toEqual(["slow"]);
    expect(hubs.subscribers.size).toBe(0);
    reader.resume();
    await untilEnd(reader);
    expect(reader.end).toBe("cut");
  });

  test("what a client missed may be more; what comes live meanwhile may not", async () => {
    const { hubs, pool, reader } = await begun(replay);
    await using _pool = pool;
    const [connection] = pool.streams.connections;
    expect(connection?.state).toBe("replaying");
    hubs.event(eventOf("5-301"));
    expect(pool.endedBecause()).toEqual([]);
    reader.resume();
    await waitUntil(() => reader.lastEventId === "5-301", { what: "the last event" });
    expect(idsOf(reader)).toHaveLength(301);
    expect(connection?.state).toBe("live");

    const again = await begun(replay);
    await using other = again.pool;
    for (let sequence = 301; other.endedBecause().length === 0; sequence++) {
      expect(sequence).toBeLessThan(310);
      again.hubs.event(eventOf(`5-${sequence}`, JSON.stringify(title)));
    }
    expect(other.endedBecause()).toEqual(["slow"]);
  });

  test("a client that takes nothing of what it missed is cut off in the end", async () => {
    const { pool } = await begun(replay);
    await using _pool = pool;
    pool.elapse(45_000);
    expect(pool.endedBecause()).toEqual([]);
    pool.elapse(30_000);
    expect(pool.endedBecause()).toEqual(["slow"]);
  });

  test("one that takes it slowly is not", async () => {
    const { pool, reader } = await begun(replay);
    await using _pool = pool;
    for (const count of [100, 200, 300]) {
      pool.elapse(45_000);
      reader.resume();
      // More than the sockets held, so that some of it is from what was missed.
      await waitUntil(() => reader.events.length >= count, { what: `${count} events`, intervalMs: 0 });
      reader.pause();
    }
    expect(pool.endedBecause()).toEqual([]);
    expect(idsOf(reader)).toHaveLength(300);
  });

  test("one whose stream has ended has some seconds to read it to its end", async () => {
    const { hubs, pool, reader } = await begun([], 60_000);
    await using _pool = pool;
    const [connection] = pool.streams.connections;
    fill(hubs, () => connection?.queuedBytes !== 0);
    pool.elapse(60_000);
    expect(pool.endedBecause()).toEqual(["expired"]);
    pool.elapse(4_000);
    expect(pool.streams.endingCount).toBe(1);
    pool.elapse(2_000);
    expect(pool.streams.endingCount).toBe(0);
    reader.resume();
    await untilEnd(reader);
    expect(reader.end).toBe("cut");
    expect(pool.state.timers).toBe(0);
  });
});
