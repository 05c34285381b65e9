import { waitUntil } from "@leftrail/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { steadyAfterMs } from "../src/limits.ts";
import { startTimedStreams, type TimedStreams } from "./timed-streams.ts";

let fixture: TimedStreams;
beforeEach(async () => {
  fixture = await startTimedStreams();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe("a token about to end", () => {
  const announce = () => fixture.server.tell("stream.reauth", { expiresAt: "2026-01-31T12:00:30.000Z" });

  test("renews the connection: the old one delivers until the new one is open, each event once", async () => {
    const { server, timers, record, publishTick, untilOnly } = fixture;
    using recorded = record();
    await recorded.untilState("open");
    await recorded.untilId(publishTick());
    const release = server.holdStreams();
    announce();
    announce();
    await waitUntil(() => server.streams().length === 2, { what: "the new connection" });
    publishTick();
    await recorded.untilId(publishTick());
    release();
    await untilOnly("st_2");
    await recorded.untilId(publishTick());
    expect(recorded.ids).toEqual(["1-1", "1-2", "1-3", "1-4"]);
    expect(timers.delaysMs()).toEqual([steadyAfterMs]);
    expect(server.streams()[1]?.query.get("token")).toBe("st_2");
    expect(server.streams()[1]?.query.get("last_event_id")).toBe("1-1");
    expect(recorded.states).toEqual(["open"]);
  });

  test("tells where the stream stands, also where no event came or all were filtered", async () => {
    const { server, record, publishTick } = fixture;
    publishTick();
    using recorded = record({ events: ["run.stage"] });
    await recorded.untilState("open");
    publishTick();
    announce();
    await waitUntil(() => server.streams().length === 2, { what: "the new connection" });
    expect(server.streams()[1]?.query.get("last_event_id")).toBe("1-2");
    await recorded.untilId(server.publish("run.stage", { runId: "r", stage: "done", progress: 1 }));
    expect(recorded.gaps).toEqual([]);
  });

  test("again and again, because no better token is to be had, waits longer each time", async () => {
    const { server, record, untilWait, untilOnly } = fixture;
    using recorded = record();
    await recorded.untilState("open");
    announce();
    await waitUntil(() => server.tickets().length === 2, { what: "the next ticket" });
    await untilOnly("st_2");
    announce();
    await untilWait(1_500);
    expect(server.tickets()).toHaveLength(2);
    expect(recorded.stream.state).toBe("open");
  });

  test("whose renewal fails keeps the old connection", async () => {
    const { server, timers, record, publishTick, untilWait, untilOnly } = fixture;
    using recorded = record();
    await recorded.untilState("open");
    server.answerNext("/v1/stream", { status: 503 });
    announce();
    await untilWait(1_500);
    await recorded.untilId(publishTick());
    expect(recorded.states).toEqual(["open"]);
    timers.ring(1_500);
    await untilOnly("st_3");
    await recorded.untilId(publishTick());
    expect(recorded.ids).toEqual(["1-1", "1-2"]);
  });
});
