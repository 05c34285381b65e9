import { waitUntil } from "@leftrail/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LeftrailError } from "../src/index.ts";
import { openTimeoutMs, steadyAfterMs } from "../src/limits.ts";
import { problem, retryMs } from "./fake-leftrail.ts";
import { firstWaitMs, startTimedStreams, type TimedStreams } from "./timed-streams.ts";

let fixture: TimedStreams;
beforeEach(async () => {
  fixture = await startTimedStreams();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe("a connection that ends", () => {
  test("is made again by EventSource itself, with the same ticket, and nothing is lost or doubled", async () => {
    const { server, record, publishTick } = fixture;
    using recorded = record();
    await recorded.untilState("open");
    publishTick();
    await recorded.untilId(publishTick());
    server.endStreams();
    publishTick();
    await recorded.untilId(publishTick());
    expect(recorded.ids).toEqual(["1-1", "1-2", "1-3", "1-4"]);
    expect(recorded.states).toEqual(["open", "connecting", "open"]);
    expect(server.streams().map(({ query }) => query.get("token"))).toEqual(["st_1", "st_1"]);
    expect(server.streams()[1]?.headers["last-event-id"]).toBe("1-2");
  });

  test("again and again at once costs no ticket, and leaves the wait between to EventSource", async () => {
    const { server, timers, record, untilOnly } = fixture;
    const brief = {
      status: 200,
      headers: { "Content-Type": "text/event-stream" },
      body: `retry: ${retryMs}\n\n:unavailable\n\n`,
    };
    for (let time = 0; time < 3; time++) server.answerNext("/v1/stream", brief);
    using recorded = record();
    await untilOnly("st_1");
    await recorded.untilState("open");
    expect(server.streams()).toHaveLength(4);
    expect(server.tickets()).toHaveLength(1);
    // Nothing of ours waits to try: only for the connection to prove itself.
    expect(timers.delaysMs()).toEqual([steadyAfterMs]);
  });

  test("and does not open again in time is replaced by one with a new ticket", async () => {
    const { server, timers, record, publishTick } = fixture;
    using recorded = record();
    await recorded.untilState("open");
    const id = publishTick();
    await recorded.untilId(id);
    server.holdStreams();
    server.endStreams();
    await recorded.untilState("connecting");
    timers.ring(openTimeoutMs);
    timers.ring(firstWaitMs);
    await waitUntil(() => server.streams().some(({ query }) => query.get("token") === "st_2"), {
      what: "the other connection",
    });
    expect(server.streams().at(-1)?.query.get("last_event_id")).toBe(id);
  });
});

describe("EventSource giving up", () => {
  test("is answered with a new ticket, after a wait, and the stream goes on after the last id", async () => {
    const { server, timers, record, publishTick, untilWait } = fixture;
    using recorded = record();
    await recorded.untilState("open");
    const seen = publishTick();
    await recorded.untilId(seen);
    server.expireTickets();
    server.endStreams();
    await untilWait(firstWaitMs);
    expect(recorded.stream.state).toBe("connecting");
    expect(server.tickets()).toHaveLength(1);
    publishTick();
    timers.ring(firstWaitMs);
    await recorded.untilId("1-2");
    expect(recorded.ids).toEqual(["1-1", "1-2"]);
    expect(recorded.gaps).toEqual([]);
    expect(server.streams().at(-1)?.query.get("last_event_id")).toBe(seen);
  });

  test("before any id was seen is a gap, told as such: something may have happened", async () => {
    const { server, timers, record, publishTick, untilWait } = fixture;
    using recorded = record();
    await recorded.untilState("open");
    server.expireTickets();
    server.endStreams();
    await untilWait(firstWaitMs);
    publishTick();
    timers.ring(firstWaitMs);
    await waitUntil(() => recorded.gaps.length, { what: "the gap" });
    expect(recorded.gaps).toEqual([{ reason: "unknown", requested: "unknown", resumedFrom: "1-1" }]);
    await recorded.untilState("open");
    server.expireTickets();
    server.endStreams();
    await untilWait(2 * firstWaitMs);
    timers.ring(2 * firstWaitMs);
    await recorded.untilId(publishTick());
    expect(server.streams().at(-1)?.query.get("last_event_id")).toBe("1-1");
    expect(recorded.ids).toEqual(["1-2"]);
    expect(recorded.gaps).toHaveLength(1);
  });

  test("before the stream was ever open is none", async () => {
    const { server, timers, record, untilWait } = fixture;
    server.answerNext("/v1/stream", { status: 502 });
    using recorded = record();
    await untilWait(firstWaitMs);
    expect(recorded.errors).toHaveLength(1);
    timers.ring(firstWaitMs);
    await recorded.untilState("open");
    expect(server.streams()[1]?.query.has("last_event_id")).toBe(false);
  });

  test("again and again waits longer each time, until a connection was steady", async () => {
    const { server, timers, record, untilWait } = fixture;
    for (let time = 0; time < 3; time++) server.answerNext("/v1/stream", { status: 502 });
    using recorded = record();
    for (const delayMs of [750, 1_500, 3_000]) {
      await untilWait(delayMs);
      timers.ring(delayMs);
    }
    await recorded.untilState("open");
    server.answerNext("/v1/stream", { status: 502 });
    server.endStreams();
    await untilWait(6_000);
    expect(timers.delaysMs()).toEqual([6_000]);
    timers.ring(6_000);
    await recorded.untilState("open");
    timers.ring(steadyAfterMs);
    server.answerNext("/v1/stream", { status: 502 });
    server.endStreams();
    await untilWait(firstWaitMs);
  });
});

describe("a stream that does not open in time", () => {
  test("is tried again with a new ticket", async () => {
    const { server, timers, record, untilWait, untilOnly } = fixture;
    const release = server.holdStreams();
    using recorded = record();
    await untilWait(openTimeoutMs);
    await waitUntil(() => server.streams().length, { what: "the connection that is not answered" });
    timers.ring(openTimeoutMs);
    release();
    timers.ring(firstWaitMs);
    await recorded.untilState("open");
    await untilOnly("st_2");
    expect(server.streams().map(({ query }) => query.get("token"))).toEqual(["st_1", "st_2"]);
    expect(recorded.errors).toEqual([new Error("the stream did not open in time")]);
  });
});

describe("a ticket", () => {
  const answerTicket = (...answer: Parameters<typeof problem>) =>
    fixture.server.answerNext("/v1/stream/tickets", problem(...answer));

  test("refused with 403 ends the stream for good", async () => {
    const { timers, record } = fixture;
    answerTicket(403, "forbidden");
    using recorded = record();
    await recorded.untilState("forbidden");
    expect(recorded.errors).toEqual([expect.objectContaining({ status: 403 })]);
    expect(timers.delaysMs()).toEqual([]);
    recorded.stream.close();
    expect(recorded.states).toEqual(["forbidden"]);
  });

  test("refused with 400 does too: asking again would not help", async () => {
    const { timers, record } = fixture;
    answerTicket(400, "invalid_input");
    using recorded = record();
    await recorded.untilState("failed");
    expect(timers.delaysMs()).toEqual([]);
  });

  test("refused with 401 is asked for with a renewed token, and then again after a wait", async () => {
    const { server, timers, record, untilWait } = fixture;
    answerTicket(401, "unauthenticated");
    answerTicket(401, "unauthenticated");
    const tokens: string[] = [];
    const token = () => {
      tokens.push(`token-${tokens.length + 1}`);
      return tokens.at(-1) ?? "";
    };
    using recorded = record({}, { token });
    await untilWait(firstWaitMs);
    expect(tokens).toEqual(["token-1", "token-2"]);
    expect(recorded.stream.state).toBe("connecting");
    timers.ring(firstWaitMs);
    await recorded.untilState("open");
    expect(server.tickets().at(-1)?.headers.authorization).toBe("Bearer token-3");
  });

  test("is not asked for before the server said so", async () => {
    const { timers, record, untilWait } = fixture;
    answerTicket(429, "rate_limited", { "Retry-After": "20" });
    using recorded = record();
    await untilWait(20_000 + firstWaitMs);
    expect(recorded.errors).toEqual([expect.any(LeftrailError)]);
    timers.ring(20_000 + firstWaitMs);
    await recorded.untilState("open");
  });

  test("that is none, or a token source that throws, is tried again", async () => {
    const { server, timers, record, untilWait } = fixture;
    server.answerNext("/v1/stream/tickets", { status: 201, body: "{}" });
    let count = 0;
    const token = () => {
      count++;
      if (count === 2) throw new Error("no session");
      return "alice";
    };
    using recorded = record({}, { token });
    await untilWait(firstWaitMs);
    timers.ring(firstWaitMs);
    await untilWait(1_500);
    timers.ring(1_500);
    await recorded.untilState("open");
    expect(recorded.errors).toEqual([expect.any(LeftrailError), new Error("no session")]);
  });
});

test("losing access ends the stream for good", async () => {
  const { server, timers, record } = fixture;
  using recorded = record();
  await recorded.untilState("open");
  server.tell("stream.revoked", {});
  await recorded.untilState("revoked");
  await waitUntil(() => server.openTickets().length === 0, { what: "the end of the connection" });
  expect(timers.delaysMs()).toEqual([]);
});

test("a history that is lost is a gap, and what comes after it arrives", async () => {
  const { server, record, publishTick } = fixture;
  using recorded = record();
  await recorded.untilState("open");
  await recorded.untilId(publishTick());
  server.loseHistory();
  server.endStreams();
  await waitUntil(() => recorded.gaps.length, { what: "the gap" });
  await recorded.untilId(publishTick());
  expect(recorded.gaps).toEqual([{ reason: "unknown", requested: "1-1", resumedFrom: "2-0" }]);
  expect(recorded.ids).toEqual(["1-1", "2-1"]);
});
