import { createTestDatabase, waitUntil } from "@leftrail/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { readMetric, startStreamFleet, type StreamFleet } from "../set-up/stream-fleet.ts";
import {
  createFollowers,
  type FollowedEnd,
  type Follower,
  type Followers,
} from "../set-up/stream-follower.ts";
import { expectSendersInOrder, expectWhole, publishSteadily } from "../set-up/stream-ledger.ts";

const streamCount = 1_000;
const drainMs = 3_000;
/** What a process may take beside it for requests in flight. */
const requestsDrainMs = 10_000;
/** Of what is done for that many. */
const timeoutMs = 30_000;
const env = { STREAM_DRAIN_SECONDS: String(drainMs / 1_000), STREAM_MAX_PER_USER: String(streamCount) };

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let fleet: StreamFleet;
let followers: Followers;
beforeAll(async () => {
  database = await createTestDatabase(inject("postgres"));
  fleet = await startStreamFleet({ databaseUrl: database.url, hotPaths: [env] });
});
beforeEach(() => void (followers = createFollowers()));
afterEach(() => followers[Symbol.dispose]());
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** Clients of an instance that ends, which go on at another one, while events come. */
async function givenStreams(count: number) {
  const ending = await fleet.startHotPath(env);
  const { id, as } = await fleet.givenOrganization();
  const endingUrl = await fleet.streamUrl(ending, id, as);
  const otherUrl = await fleet.streamUrl(fleet.hotPaths[0]!, id, as);
  const urls = [endingUrl];
  const clients: Follower[] = [];
  while (clients.length < count) {
    clients.push(...Array.from({ length: 100 }, () => followers.follow({ urls })));
    await waitUntil(() => clients.every(({ isFollowing }) => isFollowing), {
      what: "all to follow",
      timeoutMs,
    });
  }
  expect(await readMetric(ending, "leftrail_stream_connections")).toBe(count);
  urls.push(otherUrl);
  const publishing = publishSteadily(fleet, id, { senders: 2, perSecond: 10 });
  await waitUntil(() => clients.every((client) => client.count >= 3), { what: "some events", timeoutMs });
  const areThere = () => clients.every(({ isFollowing, url }) => isFollowing && url === otherUrl);
  return {
    ending,
    clients,
    publishing,
    /** Resolves with how and when each lost the stream that it had. */
    moved: async (): Promise<readonly FollowedEnd[]> => {
      await waitUntil(areThere, { what: "all to go on", timeoutMs });
      return clients.map(({ ends }) => ends.at(-1)!);
    },
  };
}

test("an instance told to stop ends its streams spread over the drain, exits with 0, and its clients lose nothing", async () => {
  const { ending, clients, publishing, moved } = await givenStreams(streamCount);
  const toldMs = performance.now();
  ending.kill("SIGTERM");
  expect(await ending.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - toldMs).toBeLessThan(drainMs + requestsDrainMs);
  expect(ending.log()).not.toContain("drain timeout");
  const ends = await moved();
  const taken = await publishing.stop();
  for (const client of clients) await expectWhole(client, taken);
  expectSendersInOrder(taken);

  expect(new Set(ends.map(({ how }) => how))).toEqual(new Set(["end"]));
  const endedMs = ends.map(({ atMs }) => atMs - toldMs);
  expect(Math.max(...endedMs)).toBeGreaterThan(drainMs / 2);
  // A sixth of them is the share of such a time, on a machine that is not too busy to be punctual.
  for (const fromMs of endedMs) {
    const within = endedMs.filter((ms) => ms >= fromMs && ms < fromMs + drainMs / 6);
    expect(within.length).toBeLessThan((streamCount * 3) / 4);
  }
});

test("an instance that is killed: its clients go on elsewhere and lose nothing", async () => {
  const { ending, clients, publishing, moved } = await givenStreams(100);
  ending.kill("SIGKILL");
  const ends = await moved();
  const before = publishing.count();
  await waitUntil(() => publishing.count() > before + 3, { what: "events after it" });
  const taken = await publishing.stop();
  for (const client of clients) await expectWhole(client, taken);
  expect(new Set(ends.map(({ how }) => how))).toEqual(new Set(["cut"]));
});

test("an instance that stands still for a while: its streams stay open and are told all of it afterwards", async () => {
  const { ending, clients, publishing } = await givenStreams(100);
  const connected = clients.map(({ connections }) => connections);
  await ending.freeze();
  const before = publishing.count();
  await waitUntil(() => publishing.count() > before + 20, { what: "events meanwhile" });
  ending.thaw();
  const taken = await publishing.stop();
  for (const client of clients) await expectWhole(client, taken);
  expect(clients.map(({ connections }) => connections)).toEqual(connected);
});
