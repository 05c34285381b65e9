import { getEventListeners } from "node:events";
import { waitUntil } from "@leftrail/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { leaderAnswerMs, leaderSilentMs } from "../src/limits.ts";
import { shareName } from "../src/share-stream.ts";
import { startTimedStreams, type TimedStreams } from "./timed-streams.ts";

let fixture: TimedStreams;
beforeEach(async () => {
  fixture = await startTimedStreams();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await fixture[Symbol.asyncDispose]();
});

const shared = { shareKey: "alice" };
const lockName = () => shareName(fixture.server.baseUrl, "acme", "alice");

/** Holds the tabs' lock as a tab that does nothing else, until it is released. */
async function holdLock(options: { readonly steal?: true } = {}) {
  const held = Promise.withResolvers<void>();
  const got = Promise.withResolvers<void>();
  const lost = navigator.locks
    .request(await lockName(), options, () => {
      got.resolve();
      return held.promise;
    })
    .then(
      () => false,
      () => true,
    );
  await got.promise;
  return { release: held.resolve, lost };
}

/** Hears what tabs tell each other, and tells them something. */
async function listenToTabs() {
  const channel = new BroadcastChannel(await lockName());
  const heard: unknown[] = [];
  channel.addEventListener("message", ({ data }) => heard.push(data));
  return {
    heard,
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none, unlike a window
    tell: (message: unknown) => channel.postMessage(message),
    [Symbol.dispose]: () => channel.close(),
  };
}

describe("a tab that has the connection", () => {
  test("and does not answer for some time is asked, and then relieved of it", async () => {
    const { server, timers, record, untilWait } = fixture;
    const mute = await holdLock();
    using recorded = record({}, shared);
    await untilWait(leaderSilentMs);
    timers.ring(leaderSilentMs);
    expect(server.streams()).toEqual([]);
    timers.ring(leaderAnswerMs);
    await recorded.untilState("open");
    expect(await mute.lost).toBe(true);
    expect(recorded.errors).toEqual([]);
  });

  test("and does not answer is relieved of it by one of those who wait", async () => {
    const { server, timers, record, publishTick } = fixture;
    await holdLock();
    using channel = await listenToTabs();
    using first = record({}, shared);
    using second = record({}, shared);
    const waits = () => timers.delaysMs().filter((delayMs) => delayMs === leaderSilentMs);
    await waitUntil(() => waits().length === 2, { what: "two that wait" });
    const begun = channel.heard.length;
    timers.ring(leaderSilentMs);
    await waitUntil(() => channel.heard.length === begun + 2, { what: "two questions" });
    timers.ring(leaderAnswerMs);
    await Promise.all([first.untilState("open"), second.untilState("open")]);
    await waitUntil(() => server.openTickets().length === 1, { what: "one connection" });
    await Promise.all([first.untilId(publishTick()), second.untilId("1-1")]);
    expect([first.ids, second.ids]).toEqual([["1-1"], ["1-1"]]);
  });

  test("and answers keeps it, however little happens", async () => {
    const { server, timers, record, untilWait } = fixture;
    using leading = record({}, shared);
    await leading.untilState("open");
    using waiting = record({}, shared);
    await waiting.untilState("open");
    timers.ring(leaderSilentMs);
    await untilWait(leaderSilentMs);
    expect(timers.delaysMs()).not.toContain(leaderAnswerMs);
    expect(server.streams()).toHaveLength(1);
  });

  test("and loses the lock closes it, and goes on after its last id when the lock is free again", async () => {
    const { server, timers, record, publishTick, untilWait } = fixture;
    using recorded = record({}, shared);
    await recorded.untilState("open");
    await recorded.untilId(publishTick());
    const other = await holdLock({ steal: true });
    await waitUntil(() => server.openTickets().length === 0, { what: "the end of the connection" });
    using channel = await listenToTabs();
    channel.tell({ kind: "state", state: "connecting", position: "1-1" });
    await recorded.untilState("connecting");
    publishTick();
    await untilWait(leaderSilentMs);
    other.release();
    await recorded.untilId(publishTick());
    expect(timers.delaysMs()).not.toContain(leaderSilentMs);
    expect(recorded.ids).toEqual(["1-1", "1-2", "1-3"]);
    expect(recorded.gaps).toEqual([]);
    expect(recorded.errors).toEqual([]);
  });
});

describe("a page that its user leaves", () => {
  /** Pages get such events of their window. */
  function stubWindow() {
    const window = new EventTarget();
    vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
    return {
      tell: (type: "pagehide" | "pageshow", persisted: boolean) =>
        window.dispatchEvent(Object.assign(new Event(type), { persisted })),
      listeners: () => [...getEventListeners(window, "pagehide"), ...getEventListeners(window, "pageshow")],
    };
  }

  test("and that is kept hands its connection on; shown again, it brings what it has missed", async () => {
    const { server, record, publishTick, untilOnly } = fixture;
    const { tell } = stubWindow();
    using left = record({}, shared);
    await left.untilState("open");
    vi.unstubAllGlobals();
    using other = record({}, shared);
    await other.untilState("open");
    await Promise.all([left.untilId(publishTick()), other.untilId("1-1")]);
    tell("pagehide", true);
    expect(left.stream.state).toBe("connecting");
    await untilOnly("st_2");
    await other.untilId(publishTick());
    expect(left.ids).toEqual(["1-1"]);

    tell("pageshow", true);
    await untilOnly("st_3");
    await Promise.all([left.untilId("1-2"), left.untilState("open"), other.untilState("open")]);
    await Promise.all([left.untilId(publishTick()), other.untilId("1-3")]);
    for (const { ids, gaps, errors } of [left, other]) {
      expect(ids).toEqual(["1-1", "1-2", "1-3"]);
      expect(gaps).toEqual([]);
      expect(errors).toEqual([]);
    }
    expect(server.streams()).toHaveLength(3);
  });

  /** As a tab tells it when it has got the connection, and whoever has just come. */
  const isWhereItStands = (message: unknown): boolean =>
    typeof message === "object" && message !== null && "position" in message && message.position === "1-1";

  test("and that is shown again hears from the server what it has missed, not from a tab that is further", async () => {
    const { server, record, publishTick } = fixture;
    const { tell } = stubWindow();
    using recorded = record({}, shared);
    await recorded.untilState("open");
    await recorded.untilId(publishTick());
    tell("pagehide", true);
    await waitUntil(() => server.openTickets().length === 0, { what: "the end of the connection" });
    using channel = await listenToTabs();
    const release = server.holdStreams();
    tell("pageshow", true);
    await waitUntil(() => channel.heard.length > 0, { what: "its coming back" });
    const event = { id: "1-3", type: "scheduler.tick", orgId: "acme", occurredAt: "", data: {} };
    channel.tell({ kind: "event", after: "1-2", event });
    channel.tell({ kind: "gap", gap: { reason: "unknown", requested: "1-1", resumedFrom: "1-2" } });
    channel.tell({ kind: "state", state: "open", position: "1-3" });
    channel.tell({ kind: "hello" });
    await waitUntil(() => channel.heard.filter(isWhereItStands).length === 2, { what: "its answer" });
    expect(recorded.stream.state).toBe("connecting");
    await waitUntil(() => server.streams().length === 2, { what: "the next connection" });
    publishTick();
    release();
    await recorded.untilId(publishTick());
    expect(recorded.ids).toEqual(["1-1", "1-2", "1-3"]);
    expect(recorded.gaps).toEqual([]);
  });

  test("and that is shown again before it ever saw an id asks the server what it has missed", async () => {
    const { server, record } = fixture;
    const { tell } = stubWindow();
    using recorded = record({}, shared);
    await recorded.untilState("open");
    tell("pagehide", true);
    using channel = await listenToTabs();
    const release = server.holdStreams();
    tell("pageshow", true);
    await waitUntil(() => channel.heard.length > 0, { what: "its coming back" });
    const event = { id: "1-3", type: "scheduler.tick", orgId: "acme", occurredAt: "", data: {} };
    channel.tell({ kind: "event", after: "1-2", event });
    channel.tell({ kind: "event", after: undefined, event });
    await waitUntil(() => server.streams().length === 2, { what: "the next connection" });
    release();
    await waitUntil(() => recorded.gaps.length > 0, { what: "the gap" });
    expect(recorded.gaps).toMatchObject([{ requested: "unknown" }]);
    expect(recorded.ids).toEqual([]);
  });

  test("and that is not kept, or whose stream was closed or is over, is left alone", async () => {
    const { server, record, publishTick } = fixture;
    const { tell, listeners } = stubWindow();
    using recorded = record({}, shared);
    await recorded.untilState("open");
    tell("pagehide", false);
    tell("pageshow", false);
    await recorded.untilId(publishTick());
    server.tell("stream.revoked", {});
    await recorded.untilState("revoked");
    tell("pagehide", true);
    tell("pageshow", true);
    recorded.stream.close();
    const closed = record({}, shared);
    await closed.untilState("open");
    closed.stream.close();
    expect(listeners()).toEqual([]);
    await waitUntil(() => server.openTickets().length === 0, { what: "the end of all connections" });
    const { held, pending } = await navigator.locks.query();
    const name = await lockName();
    expect([...held, ...pending].filter((lock) => lock.name === name)).toEqual([]);
    expect(server.streams()).toHaveLength(2);
    expect(recorded.stream.state).toBe("revoked");
  });
});
