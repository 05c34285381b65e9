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

/** Kinds of clients, with streams that bring all types. */
const openers = {
  async "the client"(): Promise<StreamRecord> {
    const record = createRecord();
    const client = createClient({ baseUrl: fleet.url, token: () => fleet.token(member) });
    closing.adopt(watchStream(client, member, record.tell), (stream) => stream.close());
    return record;
  },
  async "the npm package"(): Promise<StreamRecord> {
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
  return record;
};

/** One of each kind, all on one instance. */
const openAll = (): Promise<readonly StreamRecord[]> =>
  fleet.onOneInstance(async () => {
    const records = await Promise.all(Object.values(openers).map(opened));
    await fleet.untilStreams(records.length);
    return records;
  });

const openClient = async (): Promise<StreamRecord> => {
  const record = await opened(openers["the client"]);
  await fleet.untilStreams(1);
  return record;
};

const untilAllHave = (records: readonly StreamRecord[], id: string) =>
  Promise.all(records.map((record) => record.untilId(id)));

/** That all have these, once and in this order, and were told of nothing that they have not. */
function expectAll(records: readonly StreamRecord[], ids: readonly string[]): void {
  for (const record of records) {
    expect(record.ids()).toEqual(ids);
    expect(record.gaps()).toEqual([]);
    expect(record.types()).not.toContain("stream.gap");
  }
}

describe("the client in Node, and the npm package eventsource alone,", () => {
  test("bring every type that services publish, as it was published", async () => {
    const records = await openAll();
    const ids = await fleet.publishSamples(member.organizationId);
    await untilAllHave(records, ids.at(-1)!);
    expectAll(records, ids);
    for (const record of records) {
      expect(record.events()).toEqual(streamedSamples(member.organizationId, ids));
    }
  });

  test("outlive their instance: they go on from the last id, and nothing is lost or doubled", async () => {
    const records = await openAll();
    const publishing = fleet.publishSteadily(member.organizationId);
    await publishing.more(10);
    await fleet.crashInstanceOf(member.organizationId);
    await Promise.all(records.map((record) => record.untilState("connecting")));
    await Promise.all(records.map((record) => record.untilState("open")));
    await publishing.more(10);
    await untilAllHave(records, await publishing.stop());
    expectAll(records, publishing.ids);
    const resumed = fleet.streamsOf(member.organizationId).slice(records.length);
    expect(resumed).toHaveLength(records.length);
    for (const { headers } of resumed) expect(publishing.ids).toContain(headers["last-event-id"]);
  });

  test("that never brought anything bring what was published while they were away", async () => {
    const records = await openAll();
    await fleet.crashInstanceOf(member.organizationId);
    await Promise.all(records.map((record) => record.untilState("connecting")));
    const ids = await fleet.publishSamples(member.organizationId);
    await untilAllHave(records, ids.at(-1)!);
    expectAll(records, ids);
  });
});

describe("an answer that is none, after which EventSource never comes back,", () => {
  test.each([502, 503])(
    "%d, ends no stream of the client, and nothing is lost or doubled",
    async (status) => {
      const record = await openClient();
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
    const record = await openClient();
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
