import { createTestDatabase, waitUntil } from "@leftrail/testkit";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startStreamFleet, type StreamFleet } from "../set-up/stream-fleet.ts";
import { createFollowers, type Follower } from "../set-up/stream-follower.ts";
import {
  compareIds,
  expectHonest,
  nameOf,
  publishSteadily,
  publishUntilTaken,
  toldData,
  toldName,
  type TakenEvent,
} from "../set-up/stream-ledger.ts";

const followers = createFollowers();
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let fleet: StreamFleet;
beforeAll(async () => {
  database = await createTestDatabase(inject("postgres"));
  fleet = await startStreamFleet({ databaseUrl: database.url, hotPaths: [{}, {}, {}] });
});
afterAll(async () => {
  followers[Symbol.dispose]();
  await fleet[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** An organization with somebody who follows it at two of the three instances, and what was published to it. */
async function givenFollowed() {
  const { id, as } = await fleet.givenOrganization();
  const urls = await Promise.all(fleet.hotPaths.map((hotPath) => fleet.streamUrl(hotPath, id, as)));
  const open = urls.slice(0, 2).map((url) => followers.follow({ urls: [url] }));
  const all = [...open];
  const taken: TakenEvent[] = [];
  await waitUntil(() => open.every(({ isFollowing }) => isFollowing), { what: "all to follow" });
  return {
    open,
    /** Comes back with an id, to each of the instances. */
    comeBack: (after: string): readonly Follower[] => {
      const back = urls.map((url) => followers.follow({ urls: [url], after }));
      all.push(...back);
      return back;
    },
    publish: async (count: number): Promise<string> => {
      for (let left = count; left > 0; left--) {
        taken.push(await publishUntilTaken(fleet, id, { sender: "test", number: taken.length }));
      }
      return taken.at(-1)?.id ?? "";
    },
    /** Waits until they have been told of the newest event. */
    untilHeard: async (listeners: readonly Follower[]): Promise<void> => {
      const last = taken.at(-1)?.id;
      await waitUntil(() => listeners.every(({ lastEventId }) => lastEventId === last), {
        what: `${last} on ${listeners.length} streams`,
        timeoutMs: 30_000,
      });
    },
    /** What anybody was told under an id is what was published under it, and nobody's ids went back. */
    expectIdsUnique: (): void => {
      expect(new Set(taken.map((event) => event.id)).size).toBe(taken.length);
      const names = new Set(taken.map(nameOf));
      for (const { events } of all) {
        const told = events.filter(({ type }) => type !== "stream.gap");
        expect(told.map(toldName).filter((name) => !names.has(name))).toEqual([]);
        const ids = told.map((event) => event.id);
        expect(ids).toEqual([...new Set(ids)].toSorted(compareIds));
      }
    },
  };
}

async function restartEmpty(): Promise<void> {
  await fleet.redis.stop();
  await fleet.redis.start();
}

const gapsOf = ({ events }: Follower) => toldData(events, "stream.gap");

/** The numbers of the events that were told, and where the gaps were. */
const storyOf = ({ events }: Follower): string =>
  events.map((event) => (event.type === "stream.gap" ? "gap" : toldName(event).split(", ")[1])).join(" ");

test.each([
  ["flushed", async () => void (await fleet.redisClient.flushall())],
  ["restarted without its data", () => restartEmpty()],
])(
  "Redis %s: every open stream is told of a gap and goes on; whoever comes back with an id from before is told, too",
  async (_what, lose) => {
    const { open, publish, untilHeard, comeBack, expectIdsUnique } = await givenFollowed();
    const first = await publish(1);
    const last = await publish(2);
    await untilHeard(open);
    await lose();
    // Without anybody publishing.
    await waitUntil(() => open.every((follower) => gapsOf(follower).length > 0), {
      what: "a gap on every stream",
      timeoutMs: 30_000,
    });
    await publish(1);
    await untilHeard(open);
    const back = [...comeBack(first), ...comeBack(last)];
    await waitUntil(() => back.every((follower) => gapsOf(follower).length > 0), {
      what: "gaps for those who come back",
    });
    await publish(1);
    await untilHeard([...open, ...back]);
    for (const follower of open) {
      expect(storyOf(follower)).toBe("0 1 2 gap 3 4");
      expect(gapsOf(follower)).toMatchObject([{ reason: "unknown", requested: last }]);
    }
    for (const follower of back) expect(storyOf(follower)).toBe("gap 4");
    for (const { connections } of [...open, ...back]) expect(connections).toBe(1);
    expectIdsUnique();
  },
);

test("Redis restarted from data that has everything: a gap all the same, for nobody can know that", async () => {
  const { open, publish, untilHeard, comeBack, expectIdsUnique } = await givenFollowed();
  const first = await publish(1);
  await publish(2);
  await untilHeard(open);
  await fleet.redis.startFrom(await fleet.redis.saveSnapshot());
  await publish(1);
  const back = comeBack(first);
  await publish(1);
  await untilHeard([...open, ...back]);
  for (const follower of open) expect(storyOf(follower)).toBe("0 1 2 gap 3 4");
  // An instance that had followed still has all of it.
  for (const follower of back) expect(storyOf(follower)).toMatch(/^(1 2 )?gap( 3)?( 4)?$/);
  expectIdsUnique();
});

test("Redis restarted from older data: whoever comes back with an id that it still has is told of a gap, also where nobody had followed", async () => {
  const { open, publish, untilHeard, comeBack } = await givenFollowed();
  const kept = await publish(1);
  const snapshot = await fleet.redis.saveSnapshot();
  await publish(1);
  await untilHeard(open);
  await fleet.redis.startFrom(snapshot);
  // Two of the three instances follow it, and may still have what Redis lost.
  const back = comeBack(kept);
  await waitUntil(() => back.every(({ isFollowing }) => isFollowing), {
    what: "those who come back to follow",
  });
  await waitUntil(() => back.every((follower) => gapsOf(follower).length > 0), {
    what: "gaps for those who come back",
  });
  await publish(1);
  await untilHeard([...open, ...back]);
  for (const follower of back) expect(storyOf(follower)).toMatch(/^(1 )?gap 2$/);
});

test("Redis restarted from older data, again and again: streams that saw what is lost are told of a gap each time, and no id comes twice", async () => {
  const { open, publish, untilHeard, comeBack, expectIdsUnique } = await givenFollowed();
  await publish(2);
  await untilHeard(open);
  const snapshot = await fleet.redis.saveSnapshot();
  for (let round = 1; round <= 3; round++) {
    const lost = await publish(2);
    await untilHeard(open);
    // Nobody has seen what happened when the next event is published.
    for (const hotPath of fleet.hotPaths) await hotPath.freeze();
    await fleet.redis.startFrom(snapshot);
    await publish(1);
    for (const hotPath of fleet.hotPaths) hotPath.thaw();
    await untilHeard(open);
    const back = comeBack(lost);
    await waitUntil(() => back.every((follower) => gapsOf(follower).length > 0), {
      what: "gaps for those who come back",
    });
    // An instance that had yet to see what happened tells of the gap before the newest event.
    for (const follower of back) expect(storyOf(follower)).toMatch(new RegExp(`^gap( ${round * 3 + 1})?$`));
  }
  for (const follower of open) expect(storyOf(follower)).toBe("0 1 2 3 gap 4 5 6 gap 7 8 9 gap 10");
  expectIdsUnique();
});

test("amid all of it clients that hop between instances see holes only where they are told of a gap", async () => {
  const { id, as } = await fleet.givenOrganization();
  const urls = await Promise.all(fleet.hotPaths.map((hotPath) => fleet.streamUrl(hotPath, id, as)));
  const hopping = Array.from({ length: 4 }, () =>
    followers.follow({ urls, stayMs: () => 100 + Math.random() * 400 }),
  );
  const clients = [...hopping, ...urls.map((url) => followers.follow({ urls: [url] }))];
  await waitUntil(() => clients.every(({ isFollowing }) => isFollowing), { what: "all to follow" });
  const publishing = publishSteadily(fleet, id, { senders: 4, perSecond: 60 });
  const publishMore = async (): Promise<void> => {
    const before = publishing.count();
    await waitUntil(() => publishing.count() > before + 60, { what: "more events", timeoutMs: 30_000 });
  };
  await publishMore();
  await fleet.redisClient.flushall();
  await publishMore();
  await restartEmpty();
  await publishMore();
  const snapshot = await fleet.redis.saveSnapshot();
  await publishMore();
  await fleet.redis.startFrom(snapshot);
  await publishMore();
  const taken = await publishing.stop();
  for (const client of clients) {
    await expectHonest(client, taken);
    expect(gapsOf(client).length).toBeGreaterThanOrEqual(3);
  }
});
