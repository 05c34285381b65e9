import { createClient } from "@leftrail/client";
import { waitUntil } from "@leftrail/testkit";
import { EventSource } from "eventsource";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { watchEventSource, watchStream } from "./page/watch.ts";
import { createRecord, type StreamRecord } from "./record.ts";
import { streamedSamples, streamTypes } from "./sample-events.ts";
import { startStreamingFleet, type Member, type StreamingFleet } from "./streaming-fleet.ts";

let fleet: StreamingFleet;
let member: Member;
let closing: AsyncDisposableStack;

beforeAll(async () => {
  fleet = await startStreamingFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  closing = new AsyncDisposableStack();
  member = await fleet.newMember();
});
afterEach(async () => {
  await closing.disposeAsync();
  await fleet.mend();
});

/** Its stream is open and brings all types; each kind of client by its name. */
const openers = {
  async "the client in Node"(): Promise<StreamRecord> {
    const record = createRecord();
    const client = createClient({ baseUrl: fleet.url, token: () => fleet.token(member) });
    closing.adopt(watchStream(client, member, record.tell), (stream) => stream.close());
    return record;
  },
  async "the npm package eventsource"(): Promise<StreamRecord> {
    const record = createRecord();
    const url = fleet.streamUrl(member, await fleet.ticket(member));
    const source = closing.adopt(new EventSource(url), (it) => it.close());
    watchEventSource(source, streamTypes, record.tell);
    return record;
  },
};

const opened = async (open: () => Promise<StreamRecord>): Promise<StreamRecord> => {
  const record = await open();
  await record.untilState("open");
  await fleet.untilStreams(1);
  return record;
};

const newestStream = () => fleet.streamsOf(member.organizationId).at(-1);

describe.each(Object.entries(openers))("%s", (_what, open) => {
  test("brings every type that services publish, as it was published", async () => {
    const record = await opened(open);
    const ids = await fleet.publishSamples(member.organizationId);
    await record.untilId(ids.at(-1)!);
    expect(record.events()).toEqual(streamedSamples(member.organizationId, ids));
    expect(record.ids()).toEqual(ids);
  });

  test("outlives its instance: it goes on from its last id, and nothing is lost or doubled", async () => {
    const record = await opened(open);
    const publishing = fleet.publishSteadily(member.organizationId);
    await publishing.more(10);
    await fleet.crashInstanceOf(member.organizationId);
    await record.untilState("connecting");
    const lastId = record.ids().at(-1);
    await record.untilState("open");
    await publishing.more(10);
    await record.untilId(await publishing.stop());
    expect(record.ids()).toEqual(publishing.ids);
    expect(record.gaps()).toEqual([]);
    expect(record.types()).not.toContain("stream.gap");
    expect(newestStream()?.headers["last-event-id"]).toBe(lastId);
  });

  test("that never brought anything brings what was published while it was away", async () => {
    const record = await opened(open);
    await fleet.crashInstanceOf(member.organizationId);
    await record.untilState("connecting");
    const ids = await fleet.publishSamples(member.organizationId);
    await record.untilId(ids.at(-1)!);
    expect(record.ids()).toEqual(ids);
    expect(record.gaps()).toEqual([]);
    expect(record.types()).not.toContain("stream.gap");
  });
});

describe("an answer that is none, after which EventSource never comes back,", () => {
  test.each([502, 503])(
    "%d, ends no stream of the client, and nothing is lost or doubled",
    async (status) => {
      const record = await opened(openers["the client in Node"]);
      const publishing = fleet.publishSteadily(member.organizationId);
      await publishing.more(10);
      await fleet.answerAll(status);
      await fleet.crashInstanceOf(member.organizationId);
      await waitUntil(() => record.errors().length > 0, { what: "a refused attempt" });
      await fleet.mend();
      await record.untilState("open");
      await publishing.more(10);
      await record.untilId(await publishing.stop());
      expect(record.ids()).toEqual(publishing.ids);
      expect(record.gaps()).toEqual([]);
      const statuses = fleet.streamsOf(member.organizationId).map((request) => request.status);
      expect(statuses).toEqual([200, status, 200]);
    },
  );

  test("before anything came makes the client tell that something may have been lost", async () => {
    const record = await opened(openers["the client in Node"]);
    await fleet.answerAll(503);
    await fleet.crashInstanceOf(member.organizationId);
    await waitUntil(() => record.errors().length > 0, { what: "a refused attempt" });
    await fleet.publishSamples(member.organizationId);
    await fleet.mend();
    await waitUntil(() => record.gaps().length > 0, { what: "the gap" });
    expect(record.gaps()).toMatchObject([{ reason: "unknown", requested: "unknown" }]);
    expect(record.states().at(-1)).toBe("open");
  });
});
