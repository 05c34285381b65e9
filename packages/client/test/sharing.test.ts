import { waitUntil } from "@leftrail/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, type StreamOptions } from "../src/index.ts";
import { shareName } from "../src/share-stream.ts";
import { startFakeLeftrail, type FakeLeftrail } from "./fake-leftrail.ts";
import { openTab } from "./open-tab.ts";
import { recordStream, tick, type RecordedStream } from "./recorded-stream.ts";

let server: FakeLeftrail;
beforeEach(async () => {
  server = await startFakeLeftrail();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await server[Symbol.asyncDispose]();
});

const record = (shareKey: string | undefined, options: Partial<StreamOptions> = {}) =>
  recordStream(
    createClient({
      baseUrl: server.baseUrl,
      token: () => shareKey ?? "nobody",
      ...(shareKey === undefined ? {} : { shareKey }),
    }),
    options,
  );

/** A stream that is open. */
async function opened(
  shareKey: string | undefined,
  options: Partial<StreamOptions> = {},
): Promise<RecordedStream> {
  const recorded = record(shareKey, options);
  await recorded.untilState("open");
  return recorded;
}

const publishTick = () => server.publish("scheduler.tick", tick(1));
const publishStage = () => server.publish("run.stage", { runId: "r", stage: "done", progress: 1 });
const untilAll = (recorded: readonly RecordedStream[], id: string) =>
  Promise.all(recorded.map((each) => each.untilId(id)));

/** Of the locks that are held, once there are so many: those of the test before are given back in their time. */
const lockNames = (count: number): Promise<readonly string[]> =>
  waitUntil(
    async () => {
      const { held } = await navigator.locks.query();
      const names = held.map(({ name }) => name);
      return names.length === count && names;
    },
    { what: `${count} locks` },
  );

describe("tabs of one user", () => {
  test("share one connection, in which each has its own types", async () => {
    using first = await opened("alice", { events: ["run.stage"] });
    using second = await opened("alice", { events: ["scheduler.tick"] });
    using third = await opened("alice");
    publishTick();
    publishStage();
    publishTick();
    const last = publishStage();
    await untilAll([first, third], last);
    await second.untilId("1-3");
    expect(first.ids).toEqual(["1-2", "1-4"]);
    expect(second.ids).toEqual(["1-1", "1-3"]);
    expect(third.ids).toEqual(["1-1", "1-2", "1-3", "1-4"]);
    expect(server.streams()).toHaveLength(1);
    expect(server.streams()[0]?.query.has("events")).toBe(false);
  });

  test("hear what comes from the moment on in which they join", async () => {
    using first = await opened("alice");
    await first.untilId(publishTick());
    using second = await opened("alice");
    await untilAll([first, second], publishTick());
    expect(second.ids).toEqual(["1-2"]);
    expect(second.gaps).toEqual([]);
  });

  test("see the same state, gaps, and end", async () => {
    using first = await opened("alice");
    using second = await opened("alice");
    await untilAll([first, second], publishTick());
    server.loseHistory();
    server.endStreams();
    await waitUntil(() => first.gaps.length + second.gaps.length === 2, { what: "both gaps" });
    expect(second.gaps).toEqual(first.gaps);
    expect(second.states).toEqual(["open", "connecting", "open"]);
    server.tell("stream.revoked", {});
    await Promise.all([first.untilState("revoked"), second.untilState("revoked")]);
    await lockNames(0);
    await waitUntil(() => server.openTickets().length === 0, { what: "the end of all connections" });
  });

  test("where sharing is not asked for, not possible, or a stream begins in the past, have one each", async () => {
    using alone = await opened(undefined);
    using alsoAlone = await opened(undefined);
    publishTick();
    using _shared = await opened("alice");
    using past = await opened("alice", { lastEventId: "1-0" });
    await past.untilId("1-1");
    vi.stubGlobal("BroadcastChannel", undefined);
    using unable = await opened("alice");
    await untilAll([alone, alsoAlone, past, unable], publishTick());
    expect(server.openTickets()).toHaveLength(5);
    expect(unable.errors).toEqual([]);
  });
});

test("users never share, nor do organizations", async () => {
  using _alice = await opened("alice");
  using _bob = await opened("bob");
  using _other = await opened("alice", { organizationId: "other" });
  const authors = server.tickets().map(({ headers, body }) => `${headers.authorization} ${body}`);
  expect(authors).toEqual([
    'Bearer alice {"organizationId":"acme"}',
    'Bearer bob {"organizationId":"acme"}',
    'Bearer alice {"organizationId":"other"}',
  ]);
  const names = await lockNames(3);
  expect(names.join(" ")).not.toMatch(/alice|bob|acme|127\.0/);
});

describe("when the tab with the connection closes its stream", () => {
  test("another goes on from the last id: nothing is lost or doubled in any tab", async () => {
    const first = await opened("alice");
    using second = await opened("alice");
    using third = await opened("alice");
    await untilAll([first, second, third], publishTick());
    const release = server.holdStreams();
    first.stream.close();
    await waitUntil(() => server.streams().length === 2, { what: "the next connection" });
    publishTick();
    publishTick();
    release();
    await untilAll([second, third], publishTick());
    for (const tab of [second, third]) {
      expect(tab.ids).toEqual(["1-1", "1-2", "1-3", "1-4"]);
      expect(tab.gaps).toEqual([]);
      expect(tab.states).toEqual(["open", "connecting", "open"]);
    }
    expect(first.ids).toEqual(["1-1"]);
  });

  test("another that joined later goes on from where the first one stood", async () => {
    const first = await opened("alice");
    await first.untilId(publishTick());
    using second = await opened("alice");
    first.stream.close();
    await waitUntil(() => server.streams().length === 2, { what: "the next connection" });
    expect(server.streams()[1]?.query.get("last_event_id")).toBe("1-1");
    expect(second.gaps).toEqual([]);
  });

  test("before any event came, but not before the server told where the stream stands, nothing is asked", async () => {
    const first = await opened("alice");
    using second = await opened("alice");
    server.tell("stream.reauth", { expiresAt: "2026-01-31T12:00:30.000Z" });
    await waitUntil(() => server.openTickets().join() === "st_2", { what: "the renewed connection" });
    first.stream.close();
    await waitUntil(() => server.streams().length === 3, { what: "the next connection" });
    expect(server.streams()[2]?.query.get("last_event_id")).toBe("1-0");
    expect(second.gaps).toEqual([]);
  });

  test("before anybody saw an id, the next one asks what it missed", async () => {
    const first = await opened("alice");
    using second = await opened("alice");
    first.stream.close();
    await waitUntil(() => second.gaps.length, { what: "the gap" });
    expect(second.gaps).toEqual([{ reason: "unknown", requested: "unknown", resumedFrom: "1-0" }]);
  });

  test("before it answered one that had just come, that one asks what the others may have missed", async () => {
    const name = await shareName(server.baseUrl, "acme", "alice");
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    const mute = navigator.locks.request(name, () => gone);
    using recorded = record("alice");
    await waitUntil(async () => (await navigator.locks.query()).pending.length, {
      what: "the tab that waits",
    });
    go();
    await mute;
    await recorded.untilState("open");
    expect(server.streams()[0]?.query.get("last_event_id")).toBe("unknown");
  });

  test("one that was waiting and is gone as well takes over nothing", async () => {
    const first = await opened("alice");
    using second = await opened("alice");
    using third = await opened("alice");
    second.stream.close();
    first.stream.close();
    await waitUntil(() => server.streams().length === 2, { what: "the next connection" });
    await third.untilId(publishTick());
    expect(second.ids).toEqual([]);
    expect(server.streams()).toHaveLength(2);
  });
});

test("a tab that dies with the connection loses nothing for the others", async () => {
  const dying = await openTab({ baseUrl: server.baseUrl, shareKey: "alice" });
  using second = await opened("alice");
  using third = await opened("alice");
  await untilAll([second, third], publishTick());
  expect(server.streams()).toHaveLength(1);
  await dying.kill();
  // Node hands a dead thread's lock on with the next request for any lock; a browser does so by itself.
  await navigator.locks.request("any", () => undefined);
  publishTick();
  await untilAll([second, third], publishTick());
  expect(second.ids).toEqual(["1-1", "1-2", "1-3"]);
  expect(third.ids).toEqual(second.ids);
  expect([...second.gaps, ...third.gaps]).toEqual([]);
});

test("a stream that was closed keeps nothing alive", async () => {
  const leading = await openTab({ baseUrl: server.baseUrl, shareKey: "alice" });
  const waiting = await openTab({ baseUrl: server.baseUrl, shareKey: "alice" });
  await Promise.all([waiting.close(), leading.close()]);
});

test("a tab that missed what another told it is told of the gap", async () => {
  using first = await opened("alice");
  using second = await opened("alice");
  const third = await opened("alice", { onGap: () => third.stream.close() });
  await untilAll([first, second, third], publishTick());
  const [name = ""] = await lockNames(1);
  const channel = new BroadcastChannel(name);
  const event = { id: "1-9", type: "scheduler.tick", orgId: "acme", occurredAt: "", data: tick(9) };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none, unlike a window
  channel.postMessage({ kind: "event", after: "1-8", event });
  await second.untilId("1-9");
  channel.close();
  expect(second.gaps).toEqual([{ reason: "unknown", requested: "1-1", resumedFrom: "1-8" }]);
  expect(third.ids).toEqual(["1-1"]);
});
