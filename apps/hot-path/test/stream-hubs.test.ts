import type { SseReader } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { untilEnd, untilEvents } from "./stream-server.ts";
import { eventOf, FakeHubs, startStreamPool } from "./stream-pool.ts";

const own = (reader: SseReader) =>
  reader.events.map(({ type, id, data }) => ({ type, id, ...JSON.parse(data) }));

describe("a hub that is not live yet", () => {
  test("keeps its streams open; they begin when it is", async () => {
    const hubs = new FakeHubs();
    await using pool = await startStreamPool({ hubs });
    const reader = await pool.open({ after: "5-1" });
    expect([...pool.streams.connections].map(({ state }) => state)).toEqual(["waiting"]);
    hubs.tell((to) => to.begin({ position: "5-1", gap: undefined, replay: [eventOf("5-2")] }));
    hubs.tell((to) => to.event(eventOf("5-3")));
    await untilEvents(reader, 2);
    expect(reader.text).toMatch(/^retry: 2000\n\nid: 5-1\n\nid: 5-2\n[^]*\n\nid: 5-3\n[^]*\n\n$/);
  });

  test("does not keep a stream from being told its end; with the position it asked for, else with none that counts", async () => {
    const hubs = new FakeHubs();
    await using pool = await startStreamPool({ hubs });
    const [resumed, fresh, malformed] = [
      await pool.open({ after: "5-1" }),
      await pool.open(),
      await pool.open({ after: "5-1\n" }),
    ];
    pool.access.organizationIds = [];
    pool.elapse(1_000);
    for (const reader of [resumed, fresh, malformed]) await untilEnd(reader);
    expect([resumed, fresh, malformed].map((reader) => own(reader)[0])).toMatchObject([
      { type: "stream.revoked", id: "5-1" },
      { type: "stream.revoked", id: "0-0" },
      { type: "stream.revoked", id: "0-0" },
    ]);
  });

  test("that has lost something says so in the stream, in its place", async () => {
    const hubs = new FakeHubs();
    await using pool = await startStreamPool({ hubs });
    const reader = await pool.open();
    hubs.tell((to) => to.begin({ position: "5-1", gap: undefined, replay: [] }));
    hubs.tell((to) => to.event(eventOf("5-2")));
    hubs.tell((to) => to.gap({ reason: "unknown", requested: "5-2", resumedFrom: "6-0" }));
    hubs.tell((to) => to.event(eventOf("6-1")));
    await untilEvents(reader, 3);
    expect(own(reader).map(({ type, id }) => [type, id])).toEqual([
      ["scheduler.tick", "5-2"],
      ["stream.gap", "6-0"],
      ["scheduler.tick", "6-1"],
    ]);
    expect(own(reader)[1].data).toEqual({ reason: "unknown", requested: "5-2", resumedFrom: "6-0" });
  });

  test("and tells so much at once that the stream is over keeps nothing of it", async () => {
    const hubs = new FakeHubs();
    const attach = hubs.attach.bind(hubs);
    hubs.attach = (id, after, subscriber) => {
      const attached = attach(id, after, subscriber);
      hubs.begin([eventOf("5-1")]);
      const large = JSON.stringify("x".repeat(100_000));
      for (let sequence = 2; sequence < 200; sequence++) hubs.event(eventOf(`5-${sequence}`, large));
      return attached;
    };
    await using pool = await startStreamPool({ hubs });
    await untilEnd(await pool.open());
    expect(pool.endedBecause()).toEqual(["slow"]);
    expect(hubs.subscribers.size).toBe(0);
  });
});
