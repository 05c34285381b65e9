import { waitUntil, type SseReader } from "@leftrail/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { givenMember, startStreamServer, untilEvents, type StreamServer } from "./stream-server.ts";

const resources = new AsyncDisposableStack();
let server: StreamServer;
let member: Awaited<ReturnType<typeof givenMember>>;
let organizationId: string;

beforeAll(async () => {
  server = resources.use(await startStreamServer({ settings: { heartbeatMs: 50 } }));
});
beforeEach(async () => {
  member = await givenMember(server);
  ({ organizationId } = member);
});
afterAll(() => resources.disposeAsync());

const open = (query: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  server.open({ as: member.as, query, headers });
const idsOf = ({ events }: SseReader) => events.map(({ id }) => id);
const publish = (type?: string, data?: unknown) => server.publish(organizationId, type, data);
const untilIdle = (reader: SseReader) =>
  waitUntil(() => reader.comments.length > 0, { what: `a heartbeat in ${reader.text}` });
/** As far as it is not there only to show that the stream is alive. */
const withoutHeartbeats = ({ text }: SseReader) => text.replaceAll(":heartbeat\n\n", "");

describe("the beginning", () => {
  test("is when to come back, jittered, and the newest id, before any event", async () => {
    const last = await publish();
    const readers = await Promise.all(Array.from({ length: 8 }, () => open()));
    const waits = readers.map((reader) => {
      const [, retryMs, id] = /^retry: (\d+)\n\nid: (\S+)\n\n$/.exec(withoutHeartbeats(reader)) ?? [];
      expect(id).toBe(last);
      return Number(retryMs);
    });
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_500);
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  test("where an organization never had an event is an id, too, from which nothing is missed", async () => {
    const { lastEventId } = await open();
    expect(lastEventId).toMatch(/^[A-Za-z0-9-]{1,64}$/);
    const id = await publish();
    const resumed = await open({ last_event_id: lastEventId });
    await untilEvents(resumed, 1);
    expect(idsOf(resumed)).toEqual([id]);
  });
});

describe("an event", () => {
  test("is on the wire what the publisher was answered, byte for byte", async () => {
    const reader = await open();
    const before = withoutHeartbeats(reader).length;
    const data = { title: "Zeile\neins\r\nzwei ümlaut 😀\u2028\u0000 data: x", n: 1.5 };
    const id = await publish("change.detected", data);
    await untilEvents(reader, 1);
    const json = JSON.stringify({
      id,
      type: "change.detected",
      orgId: organizationId,
      occurredAt: "2026-01-31T12:00:00.000Z",
      data,
    });
    expect(withoutHeartbeats(reader).slice(before)).toBe(
      `id: ${id}\nevent: change.detected\ndata: ${json}\n\n`,
    );
  });

  test("goes to all readers of its organization and to nobody else, ids growing", async () => {
    const other = await givenMember(server);
    const readers = [await open(), await open()];
    const foreign = await server.open({ as: other.as });
    const ids = [await publish(), await publish("run.stage"), await publish()];
    const theirs = await server.publish(other.organizationId);
    for (const reader of readers) {
      await untilEvents(reader, 3);
      expect(idsOf(reader)).toEqual(ids);
    }
    await untilEvents(foreign, 1);
    expect(idsOf(foreign)).toEqual([theirs]);
    const sequence = ids.map((id) => Number(id.split("-")[1]));
    expect(sequence).toEqual(sequence.toSorted((a, b) => a - b));
  });

  test("that is larger than what may wait for a reader is resumed like any other", async () => {
    const { lastEventId } = await open();
    const title = "\u0001".repeat(60_000);
    const ids = [await publish(), await publish("change.detected", { title }), await publish()];
    const reader = await open({ last_event_id: lastEventId });
    await untilEvents(reader, 3);
    expect(idsOf(reader)).toEqual(ids);
    expect(JSON.parse(reader.events[1]?.data ?? "").data.title).toBe(title);
  });
});

describe("a filter", () => {
  test("lets through the types that it names, and heartbeats carry the cursor past the others", async () => {
    const reader = await open({ events: "run.stage,change.detected" });
    const sent = await publish("run.stage");
    const skipped = [await publish("scheduler.tick"), await publish("scheduler.tick")].at(-1);
    const seen = `:heartbeat\nid: ${skipped}\n\n`;
    await waitUntil(() => reader.text.includes(seen), { what: `a heartbeat with ${skipped}` });
    expect(idsOf(reader)).toEqual([sent]);
    expect(reader.lastEventId).toBe(skipped);
    const told = reader.text.length;
    await waitUntil(() => reader.text.slice(told).includes(":heartbeat\n\n"), { what: "a heartbeat" });
    expect(reader.text.split(seen)).toHaveLength(2);
  });

  test("filters what is resumed as well, and a client that comes back with its cursor misses nothing", async () => {
    const { lastEventId } = await open();
    const ids = [
      await publish("scheduler.tick"),
      await publish("run.stage"),
      await publish("scheduler.tick"),
    ];
    const reader = await open({ events: "run.stage", last_event_id: lastEventId });
    await waitUntil(() => reader.lastEventId === ids[2], { what: "the cursor" });
    expect(idsOf(reader)).toEqual([ids[1]]);
  });

  test("never filters what the stream says of itself", async () => {
    const reader = await open({ events: "run.stage", last_event_id: "nonsense" });
    await untilEvents(reader, 1);
    expect(reader.events[0]?.type).toBe("stream.gap");
  });
});

describe("a client that comes back", () => {
  test.each([
    ["the header", (id: string) => [{}, { "last-event-id": id }] as const],
    ["last_event_id", (id: string) => [{ last_event_id: id }, {}] as const],
    ["lastEventId", (id: string) => [{ lastEventId: id }, {}] as const],
    [
      "the header, whatever the query says",
      (id: string) => [{ last_event_id: "1-1", lastEventId: "x" }, { "last-event-id": id }] as const,
    ],
  ])("is sent everything after its id, once and in order, then live: by %s", async (_where, by) => {
    const ids: string[] = [];
    for (let count = 0; count < 10; count++) ids.push(await publish());
    const reader = await open(...by(ids[3] ?? ""));
    ids.push(await publish());
    await untilEvents(reader, 7);
    expect(idsOf(reader)).toEqual(ids.slice(4));
    expect(withoutHeartbeats(reader)).toMatch(
      new RegExp(`^retry: \\d+\n\nid: ${ids[3]}\n\nid: ${ids[4]}\nevent: `),
    );
  });

  test("while events come all the time gets each exactly once", async () => {
    const first = await publish();
    const published: string[] = [];
    // No more than the history holds.
    const publishing = (async () => {
      while (published.length < 900) {
        published.push(await publish());
        if (published.length % 5 === 0) await new Promise(setImmediate);
      }
    })();
    const readers: SseReader[] = [];
    for (let count = 0; count < 20; count++) readers.push(await open({ last_event_id: first }));
    await publishing;
    for (const reader of readers) {
      await waitUntil(() => reader.lastEventId === published.at(-1), { what: "the last event" });
      expect(idsOf(reader)).toEqual(published);
    }
  });

  test("gets a history of megabytes, paced by what it takes", async () => {
    const { lastEventId } = await open();
    const ids: string[] = [];
    for (let count = 0; count < 200; count++) {
      ids.push(await publish("change.detected", { title: "x".repeat(50_000) }));
    }
    const reader = await open({ last_event_id: lastEventId });
    reader.pause();
    ids.push(await publish());
    reader.resume();
    await untilEvents(reader, 201);
    expect(idsOf(reader)).toEqual(ids);
  });

  test("with the newest id is sent nothing, and no gap", async () => {
    const id = await publish();
    const reader = await open({ last_event_id: id });
    await untilIdle(reader);
    expect([reader.events, reader.lastEventId]).toEqual([[], id]);
  });

  test.each([
    ["malformed", "no id"],
    ["malformed with line breaks", "1-1\r\nid: 5\n\ndata: x"],
    ["NUL", "\u0000"],
    ["too long", "1".repeat(300)],
    ["of no history", "8999999999999999-1"],
  ])(
    "with an id that is %s is told of the gap, and goes on live: nothing is an error",
    async (_what, requested) => {
      await publish();
      const head = await publish();
      const reader = await open({ last_event_id: requested });
      await untilEvents(reader, 1);
      const [gap] = reader.events;
      expect(gap).toMatchObject({ id: head, type: "stream.gap" });
      expect(JSON.parse(gap?.data ?? "")).toEqual({
        id: head,
        type: "stream.gap",
        orgId: organizationId,
        occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        data: { reason: "unknown", requested: requested.slice(0, 65), resumedFrom: head },
      });
      const live = await publish();
      await untilEvents(reader, 2);
      expect(idsOf(reader)).toEqual([head, live]);
    },
  );

  test("with an id that is older than the history is told so", async () => {
    const first = await publish();
    for (let count = 0; count < 1_001; count++) await publish();
    const reader = await open({ last_event_id: first });
    await untilEvents(reader, 1);
    expect(JSON.parse(reader.events[0]?.data ?? "").data).toMatchObject({
      reason: "expired",
      requested: first,
    });
  });

  test("with another organization's id gets none of its events", async () => {
    const other = await givenMember(server);
    const foreign = await server.publish(other.organizationId);
    await server.publish(other.organizationId);
    const mine = await publish();
    const reader = await open({ last_event_id: foreign });
    await untilEvents(reader, 1);
    await untilIdle(reader);
    expect(reader.events.map(({ type, id }) => [type, id])).toEqual([["stream.gap", mine]]);
  });

  test("with an empty id is one that comes for the first time", async () => {
    const id = await publish();
    const reader = await open({ last_event_id: "" });
    await untilIdle(reader);
    expect([reader.events, reader.lastEventId]).toEqual([[], id]);
  });
});

test("a stream that has nothing to say says that it is alive", async () => {
  const reader = await open();
  await waitUntil(() => reader.comments.length >= 3, { what: "heartbeats" });
  expect(new Set(reader.comments)).toEqual(new Set(["heartbeat"]));
  expect(reader.text).toMatch(/^retry: \d+\n\nid: \S+\n\n(?::heartbeat\n\n)+$/);
});

test("the metrics tell of streams, events, resumptions and gaps", async () => {
  const before = {
    sent: await server.metric("leftrail_stream_events_sent_total"),
    gaps: await server.metric('leftrail_stream_gaps_total{reason="unknown"}'),
    replayed: await server.metric("leftrail_stream_replayed_events_total"),
  };
  const { lastEventId } = await open();
  await publish();
  await untilEvents(await open({ last_event_id: lastEventId }), 1);
  const reader = await open({ last_event_id: "x" });
  await untilEvents(reader, 1);
  expect(await server.metric("leftrail_stream_events_sent_total")).toBe(before.sent + 2);
  expect(await server.metric('leftrail_stream_gaps_total{reason="unknown"}')).toBe(before.gaps + 1);
  expect(await server.metric("leftrail_stream_replayed_events_total")).toBe(before.replayed + 1);
  expect(await server.metric('leftrail_stream_connections{state="live"}')).toBeGreaterThan(2);
  expect(await server.metric("leftrail_stream_hubs")).toBeGreaterThan(0);
  expect(await server.metric("leftrail_stream_broker_live")).toBe(1);
  expect(await server.metric("leftrail_stream_fan_out_seconds_count")).toBeGreaterThan(0);
  const ended = await server.metric('leftrail_stream_ended_total{reason="gone"}');
  reader[Symbol.dispose]();
  await waitUntil(
    async () => (await server.metric('leftrail_stream_ended_total{reason="gone"}')) === ended + 1,
    {
      what: "the end",
    },
  );
});
