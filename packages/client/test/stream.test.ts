import { waitUntil } from "@leftrail/testkit";
import { EventSource } from "eventsource";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { createClient, type EventOf, type PublishedEvent } from "../src/index.ts";
import { startFakeLeftrail, type FakeLeftrail } from "./fake-leftrail.ts";
import { recordStream, tick } from "./recorded-stream.ts";

let server: FakeLeftrail;
beforeEach(async () => {
  server = await startFakeLeftrail();
});
afterEach(() => server[Symbol.asyncDispose]());

const createTestClient = () => createClient({ baseUrl: server.baseUrl, token: () => "alice" });

describe("a stream", () => {
  test("brings what happens from its opening on, in order, each event once", async () => {
    server.publish("scheduler.tick", tick(1));
    using recorded = recordStream(createTestClient());
    await recorded.untilState("open");
    server.publish("scheduler.tick", tick(2));
    server.send(":heartbeat\n\n");
    const last = server.publish("run.stage", { runId: "r", stage: "done", progress: 1 });
    await recorded.untilId(last);
    expect(recorded.events).toEqual([
      {
        id: "1-2",
        type: "scheduler.tick",
        orgId: "acme",
        occurredAt: "2026-01-31T12:00:00.000Z",
        data: tick(2),
      },
      expect.objectContaining({
        id: "1-3",
        type: "run.stage",
        data: { runId: "r", stage: "done", progress: 1 },
      }),
    ]);
    expect(recorded.states).toEqual(["open"]);
  });

  test("is opened with a ticket: no access token stands in its URL", async () => {
    using recorded = recordStream(createTestClient());
    await recorded.untilState("open");
    const [ticket] = server.tickets();
    expect(ticket).toMatchObject({ method: "POST", body: '{"organizationId":"acme"}' });
    expect(ticket?.headers).toMatchObject({
      authorization: "Bearer alice",
      "content-type": "application/json",
    });
    const [stream] = server.streams();
    expect(Object.fromEntries(stream!.query)).toEqual({ token: "st_1", org_id: "acme" });
    expect(stream?.headers).not.toHaveProperty("authorization");
  });

  test("asks for the types of interest only, and goes on after a given id", async () => {
    server.publish("scheduler.tick", tick(1));
    server.publish("scheduler.tick", tick(2));
    using recorded = recordStream(createTestClient(), {
      events: ["scheduler.tick", "run.stage"],
      lastEventId: "1-1",
    });
    await recorded.untilId("1-2");
    expect(server.streams()[0]?.query.get("events")).toBe("scheduler.tick,run.stage");
    expect(server.streams()[0]?.query.get("last_event_id")).toBe("1-1");
    expect(recorded.ids).toEqual(["1-2"]);
  });

  test("goes through what the caller has in place of fetch and EventSource", async () => {
    const urls: string[] = [];
    const viaFetch = createClient({
      baseUrl: server.baseUrl,
      token: () => "alice",
      fetch(url, init) {
        urls.push(new URL(url).pathname);
        return fetch(url, init);
      },
    });
    using recorded = recordStream(viaFetch);
    await recorded.untilState("open");
    expect(urls).toEqual(["/v1/stream/tickets", "/v1/stream"]);

    const opened: string[] = [];
    class OwnEventSource extends EventSource {
      constructor(url: string) {
        super(url);
        opened.push(new URL(url).pathname);
      }
    }
    const options = { baseUrl: server.baseUrl, token: () => "alice" };
    using given = recordStream(createClient({ ...options, EventSource: OwnEventSource }));
    await given.untilState("open");
    expect(opened).toEqual(["/v1/stream"]);
    vi.stubGlobal("EventSource", OwnEventSource);
    using own = recordStream(createClient(options));
    await own.untilState("open");
    vi.unstubAllGlobals();
    expect(opened).toHaveLength(2);
  });

  test("tells of a gap, and goes on after it", async () => {
    server.publish("scheduler.tick", tick(1));
    using recorded = recordStream(createTestClient(), { lastEventId: "0-7" });
    await recorded.untilState("open");
    await waitUntil(() => recorded.gaps.length, { what: "the gap" });
    expect(recorded.gaps).toEqual([{ reason: "unknown", requested: "0-7", resumedFrom: "1-1" }]);
    await recorded.untilId(server.publish("scheduler.tick", tick(2)));
    expect(recorded.ids).toEqual(["1-2"]);
  });

  test("passes over types that it does not know", async () => {
    using recorded = recordStream(createTestClient());
    await recorded.untilState("open");
    server.publish("planet.aligned", { planets: 9 });
    await recorded.untilId(server.publish("scheduler.tick", tick(1)));
    expect(recorded.ids).toEqual(["1-2"]);
    expect(recorded.errors).toEqual([]);
  });

  test.each([
    ["no JSON", "data: {"],
    ["no object", "data: null"],
    ["no id", 'data: {"type":"scheduler.tick","data":{}}'],
    ["another type", 'data: {"id":"1-1","type":"run.stage","data":{}}'],
    ["no data", 'data: {"id":"1-1","type":"scheduler.tick","data":1}'],
  ])("reports an event that can't be read and goes on: %s", async (_title, data) => {
    using recorded = recordStream(createTestClient());
    await recorded.untilState("open");
    server.send(`id: 0-1\nevent: scheduler.tick\n${data}\n\n`);
    await recorded.untilId(server.publish("scheduler.tick", tick(1)));
    expect(recorded.errors).toEqual([expect.any(TypeError)]);
    expect(recorded.ids).toEqual(["1-1"]);
  });

  test("goes on when a handler throws, or the one that is told of it", async () => {
    const boom = new Error("boom");
    const reported: unknown[] = [];
    const onError = (error: unknown) => {
      reported.push(error);
      throw error;
    };
    const uncaught = catchUncaught();
    const seen: string[] = [];
    using recorded = recordStream(createTestClient(), {
      onError,
      onEvent({ id }) {
        seen.push(id);
        throw boom;
      },
    });
    await recorded.untilState("open");
    server.publish("scheduler.tick", tick(1));
    server.publish("scheduler.tick", tick(2));
    await waitUntil(() => uncaught.errors.length === 2, { what: "both errors" });
    uncaught[Symbol.dispose]();
    expect(seen).toEqual(["1-1", "1-2"]);
    expect(reported).toEqual([boom, boom]);
    expect(uncaught.errors).toEqual([boom, boom]);
  });
});

describe("closing", () => {
  test("ends the connection, and no handler is called after it, not for what came in the same breath", async () => {
    const recorded = recordStream(createTestClient(), {
      onEvent({ id }) {
        recorded.ids.push(id);
        recorded.stream.close();
      },
    });
    await recorded.untilState("open");
    server.publish("scheduler.tick", tick(1));
    server.publish("scheduler.tick", tick(2));
    await waitUntil(() => server.openTickets().length === 0, { what: "the end of the connection" });
    expect(recorded.ids).toEqual(["1-1"]);
    expect(recorded.states).toEqual(["open", "closed"]);
  });

  test("is done by the signal, too", async () => {
    const aborting = new AbortController();
    const recorded = recordStream(createTestClient(), { signal: aborting.signal });
    await recorded.untilState("open");
    aborting.abort();
    await waitUntil(() => server.openTickets().length === 0, { what: "the end of the connection" });
    expect(recorded.states).toEqual(["open", "closed"]);
  });

  test("before it began asks for nothing", async () => {
    const { stream } = recordStream(createTestClient(), { signal: AbortSignal.abort() });
    expect(stream.state).toBe("closed");
    expect(server.asked).toEqual([]);
  });

  test("while a ticket is on its way opens no connection", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const client = createClient({ baseUrl: server.baseUrl, token: () => promise });
    const recorded = recordStream(client);
    recorded.stream.close();
    resolve("alice");
    await promise;
    await createTestClient()
      .organizations()
      .catch(() => undefined);
    expect(server.asked.map(({ path }) => path)).toEqual(["/v1/organizations"]);
    expect(recorded.errors).toEqual([]);
  });
});

test("the type of an event narrows its data, and the types asked for narrow the event", () => {
  const client = createTestClient();
  const open = () =>
    client.openStream({
      organizationId: "acme",
      onEvent(event) {
        expectTypeOf(event).toEqualTypeOf<PublishedEvent>();
        if (event.type === "scheduler.tick") expectTypeOf(event.data.tick).toEqualTypeOf<number>();
        if (event.type === "change.detected") {
          expectTypeOf(event.data.severity).toEqualTypeOf<"low" | "medium" | "high" | "critical">();
          // @ts-expect-error -- a change carries no tick
          expectTypeOf(event.data.tick);
        }
        // @ts-expect-error -- the stream's own events are not for this handler
        expectTypeOf(event.type === "stream.gap");
      },
      onGap: (gap) => expectTypeOf(gap.reason).toEqualTypeOf<"expired" | "unknown">(),
    });
  const openFiltered = () =>
    client.openStream({
      organizationId: "acme",
      events: ["run.stage"],
      onEvent(event) {
        expectTypeOf(event).toEqualTypeOf<EventOf<"run.stage">>();
        expectTypeOf(event.data.progress).toEqualTypeOf<number>();
      },
      onGap: () => undefined,
    });
  const openUnknown = () =>
    client.openStream({
      organizationId: "acme",
      // @ts-expect-error -- an unknown type would be answered with 400
      events: ["planet.aligned"],
      onEvent: () => undefined,
      onGap: () => undefined,
    });
  expectTypeOf(open).toEqualTypeOf(openFiltered);
  expectTypeOf(openUnknown).toBeFunction();
});

/** What nobody catches, instead of ending the run. */
function catchUncaught() {
  const errors: unknown[] = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => errors.push(error));
  return {
    errors,
    [Symbol.dispose]() {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    },
  };
}
