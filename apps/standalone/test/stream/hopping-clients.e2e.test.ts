import { createTestDatabase, waitUntil } from "@leftrail/testkit";
import { expect, inject, test } from "vitest";
import { startStreamFleet } from "../set-up/stream-fleet.ts";
import { createFollowers } from "../set-up/stream-follower.ts";
import { expectSendersInOrder, expectWhole, publishSteadily } from "../set-up/stream-ledger.ts";

const clientsPerStart = 4;
const killIntervalMs = 1_000;
const kills = 30;
const perSecond = 100;

test("clients that hop between three instances, whose subscriptions are killed every second, are told each event once and in order", async () => {
  await using database = await createTestDatabase(inject("postgres"));
  await using fleet = await startStreamFleet({ databaseUrl: database.url, hotPaths: [{}, {}, {}] });
  using followers = createFollowers();
  const { id, as } = await fleet.givenOrganization();
  const urls = await Promise.all(fleet.hotPaths.map((hotPath) => fleet.streamUrl(hotPath, id, as)));
  // Some hop all the time, some never: both must see the same.
  const clients = urls.flatMap((_, at) => {
    const order = [...urls.slice(at), ...urls.slice(0, at)];
    const hopping = Array.from({ length: clientsPerStart - 1 }, () =>
      followers.follow({ urls: order, stayMs: () => 100 + Math.random() * 500 }),
    );
    return [...hopping, followers.follow({ urls: order })];
  });
  await waitUntil(() => clients.every(({ isFollowing }) => isFollowing), { what: "all to follow" });

  const publishing = publishSteadily(fleet, id, { senders: 5, perSecond });
  let killed = 0;
  const beganMs = performance.now();
  for (let kill = 1; kill <= kills; kill++) {
    const dueMs = beganMs + kill * killIntervalMs;
    await waitUntil(() => performance.now() >= dueMs, { what: "the next kill's turn" });
    killed += Number(await fleet.redisClient.call("CLIENT", "KILL", "TYPE", "pubsub"));
  }
  const taken = await publishing.stop();

  for (const client of clients) await expectWhole(client, taken);
  expectSendersInOrder(taken);
  // It was tried: connections were there to be killed, clients did hop, and events came all the time.
  expect(killed).toBeGreaterThan(kills);
  expect(Math.max(...clients.map(({ connections }) => connections))).toBeGreaterThan(kills);
  expect(taken.length).toBeGreaterThan(kills * 10);
}, 120_000);
