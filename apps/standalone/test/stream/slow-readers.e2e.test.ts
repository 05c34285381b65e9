import { createTestDatabase, openSse, waitUntil, type SseReader } from "@leftrail/testkit";
import { expect, inject, test } from "vitest";
import { readMetric, startStreamFleet } from "../set-up/stream-fleet.ts";
import { createFollowers } from "../set-up/stream-follower.ts";
import {
  compareIds,
  expectWhole,
  publishUntilTaken,
  toldData,
  type TakenEvent,
} from "../set-up/stream-ledger.ts";

const eventBytes = 60_000;
/** The history, 16 MiB, holds no more of these. */
const historyEvents = 280;
/** 50 MB while nobody of the slow ones reads. */
const events = 850;
/** So many come while the last ones do not read: the history still holds all of them. */
const lastEvents = 200;
/** Less than a reader is cut off for. */
const publishedAtOnce = 4;
const slowPerGroup = 5;
/** Bytes that may wait for one reader. */
const queuedBytesMax = 256 * 1024;
/** What collecting garbage may leave for later. */
const residentGrowthBytesMax = 128 * 1024 * 1024;

test("readers that do not read while 50 MB come are cut off, cost neither memory nor the others, and come back to a replay or an honest gap", async () => {
  await using database = await createTestDatabase(inject("postgres"));
  const env = { STREAM_HEARTBEAT_MS: "200", STREAM_MAX_PER_USER: "100" };
  await using fleet = await startStreamFleet({ databaseUrl: database.url, hotPaths: [env] });
  using followers = createFollowers();
  using slow = new DisposableStack();
  const [hotPath] = fleet.hotPaths;
  const { id, as } = await fleet.givenOrganization();
  const url = await fleet.streamUrl(hotPath!, id, as);
  const reader = followers.follow({ urls: [url] });
  await waitUntil(() => reader.isFollowing, { what: "the reader to follow" });
  const taken: TakenEvent[] = [];
  const title = "x".repeat(eventBytes);
  let queuedBytes = 0;
  let openSlow = 0;

  /** A few at a time, which the reader has before the next ones come, however slow others are. */
  async function publish(count: number): Promise<void> {
    for (let left = count; left > 0; left -= publishedAtOnce) {
      const some = Array.from({ length: Math.min(left, publishedAtOnce) }, (_, at) =>
        publishUntilTaken(fleet, id, { sender: "test", number: taken.length + at, title }),
      );
      taken.push(...(await Promise.all(some)).toSorted((a, b) => compareIds(a.id, b.id)));
      const last = taken.at(-1)?.id;
      await waitUntil(() => reader.lastEventId === last, { what: `${last} at the reader`, intervalMs: 1 });
      if (openSlow === 0) continue;
      queuedBytes = Math.max(queuedBytes, await readMetric(hotPath!, "leftrail_stream_queued_bytes"));
      openSlow = (await readMetric(hotPath!, "leftrail_stream_connections")) - 1;
    }
  }

  const cutOff = () => readMetric(hotPath!, "leftrail_stream_ended_total", 'reason="slow"');
  const residentBytes = () => readMetric(hotPath!, "leftrail_process_resident_memory_bytes");

  /** Readers that do not read from the moment on at which they follow. */
  async function openSlowReaders(after = ""): Promise<readonly SseReader[]> {
    openSlow += slowPerGroup;
    const opening = Array.from({ length: slowPerGroup }, async () => {
      const opened = slow.use(await openSse(url, { headers: { "Last-Event-ID": after } }));
      await waitUntil(() => opened.lastEventId !== "", { what: "a slow reader to follow", intervalMs: 1 });
      opened.pause();
      return opened;
    });
    return Promise.all(opening);
  }

  // What a process grows to by the way is there before, with a history that is full.
  await publish(historyEvents);
  const residentBefore = await residentBytes();
  const early = await openSlowReaders();
  await publish(events - lastEvents);
  const late = await openSlowReaders();
  await publish(lastEvents);
  expect(await cutOff()).toBe(2 * slowPerGroup);
  expect([queuedBytes > 0, queuedBytes <= queuedBytesMax * slowPerGroup]).toEqual([true, true]);
  expect((await residentBytes()) - residentBefore).toBeLessThan(residentGrowthBytesMax);

  // What was with the socket already is still theirs; with the last of it they come back.
  for (const each of [...early, ...late]) each.resume();
  const over = () => [...early, ...late].every(({ end }) => end !== undefined);
  await waitUntil(over, { what: "the slow ones to see that it is over" });
  expect(new Set([...early, ...late].map(({ end }) => end))).toEqual(new Set(["cut"]));
  const comeBack = ({ lastEventId }: SseReader) => followers.follow({ urls: [url], after: lastEventId });
  const backEarly = early.map(comeBack);
  const backLate = late.map(comeBack);
  await waitUntil(() => backEarly.every(({ count }) => count > 0), { what: "the gaps to be told" });
  // These get too much at once to take without reading, and do not read again.
  await openSlowReaders(late[0]?.lastEventId);
  await publish(1);
  const last = taken.at(-1)?.id;
  await waitUntil(async () => (await cutOff()) === 3 * slowPerGroup, { what: "the stubborn to be cut off" });

  await expectWhole(reader, taken);
  for (const [at, back] of backLate.entries()) {
    const from = late[at]?.lastEventId ?? "";
    await expectWhole(
      back,
      taken.filter((event) => compareIds(event.id, from) > 0),
    );
  }
  for (const [at, back] of backEarly.entries()) {
    await waitUntil(() => back.lastEventId === last, { what: "the newest event" });
    expect(toldData(back.events, "stream.gap")).toMatchObject([
      { reason: "expired", requested: early[at]?.lastEventId },
    ]);
    expect(back.count).toBe(2);
  }
  expect(await readMetric(hotPath!, "leftrail_stream_queued_bytes")).toBe(0);
}, 180_000);
