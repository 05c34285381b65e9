import { startFaultProxy, startTestRedis, waitUntil, type TestRedis } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { openRedisBroker, type View } from "./brokers.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { follow, replicate } from "./replication.ts";
import { anEvent, anOrganization, areContiguous, areGrowing } from "./sample-events.ts";
import { openSwitchboard } from "./switchboard.ts";

const inDocker = "in Docker there is no process to control";

/** An organization that is looked at on two processes, and all that is ever published in it. */
async function openWatched(url: string) {
  const broker = await openRedisBroker(url);
  const organization = anOrganization();
  const published: string[] = [];
  const other = await broker.openView();
  const attach = async (view: View, after?: string): Promise<Recorder> => {
    const subscriber = createRecorder();
    view.hubs.attach(organization, after, subscriber);
    await subscriber.begun();
    return subscriber;
  };
  const watchers = [await attach(broker), await attach(broker), await attach(other)];
  return {
    broker,
    watchers,
    published,
    organization,
    attach: (after?: string) => attach(broker, after),
    /** The others need not have heard of it. */
    publish: async (count: number) => {
      for (let n = 0; n < count; n++) {
        const { id } = await broker.publisher.publish(organization, anEvent({ n: published.length }));
        published.push(id);
      }
    },
    /** Resolves when everybody has heard of the last one. */
    async publishHeard(count: number) {
      await this.publish(count);
      await this.everybodyHas(published.at(-1)!);
    },
    everybodyHas: (id: string) => Promise.all(watchers.map((watcher) => watcher.has(id))),
    /** Each of them has one gap after this event, and goes on from a point above it. */
    async everybodyHasGap(after = published.at(-1)!) {
      await waitUntil(() => watchers.every(({ gaps }) => gaps.length > 0), {
        what: "everybody to have a gap",
      });
      for (const { gaps } of watchers) {
        expect(gaps).toEqual([{ reason: "unknown", requested: after, resumedFrom: expect.any(String) }]);
        expect(areGrowing([after, gaps[0]!.resumedFrom])).toBe(true);
      }
    },
    /** Does what every connection is lost by, and waits until all are back. */
    lose: async (disrupt: () => Promise<unknown>) => {
      const clients = [broker.redis, broker.subscriber, broker.publisherRedis, other.redis, other.subscriber];
      const closed = clients.map((client) => new Promise((resolve) => client.once("close", resolve)));
      await disrupt();
      await Promise.all(closed);
      await waitUntil(() => clients.every(({ status }) => status === "ready"), {
        what: "everybody to be connected",
      });
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

type Watched = Awaited<ReturnType<typeof openWatched>>;

/** After something was lost: what comes then is told once, under ids that nothing else ever had. */
async function expectGoingOn(
  { watchers, published, publish, everybodyHas, attach }: Watched,
  lostFrom: number,
) {
  const lost = published[lostFrom]!;
  const countBefore = published.length;
  await publish(3);
  const later = published.slice(countBefore);
  await everybodyHas(later[2]!);
  expect(new Set(published).size).toBe(published.length);
  expect(areGrowing(published)).toBe(true);
  expect(areContiguous(later)).toBe(true);
  for (const { story } of watchers) expect(story.slice(-3)).toEqual(later);
  // Who comes back with an id that is lost is told so.
  const back = await attach(lost);
  expect(back.start).toMatchObject({ gap: { requested: lost, resumedFrom: later[2] }, replay: [] });
}

type Skip = (condition: boolean, note: string) => void;

/** A server whose process the test may control. */
async function startOwnRedis(skip: Skip): Promise<TestRedis> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startTestRedis());
  skip(server.pid === undefined, inDocker);
  starting.move();
  return server;
}

/** A server and its replica, with an organization that is looked at on whichever of the two leads. */
async function openReplicated(skip: Skip) {
  await using starting = new AsyncDisposableStack();
  const primary = starting.use(await startOwnRedis(skip));
  const replica = starting.use(await startTestRedis());
  const replication = starting.use(await startFaultProxy(primary.url));
  const switchboard = starting.use(await openSwitchboard(primary.url));
  const control = starting.use(await replicate(primary, replica, replication.port));
  const all = starting.use(await openWatched(switchboard.url));
  const resources = starting.move();
  return {
    all,
    control,
    replica,
    /** Publishes so many that both servers have. */
    async publishReplicated(count: number) {
      await all.publishHeard(count);
      await control.replicaHas(all.organization, all.published.length);
    },
    partition: () => replication.set("blackHole"),
    /** The replica leads, and everybody is connected to it. */
    async failOver() {
      await control.replica.replicaof("NO", "ONE");
      await all.lose(async () => switchboard.leadTo(replica.url));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

describe("what Redis lost is told as a gap, and no id is given to two events:", () => {
  test("everything, by FLUSHALL, and nothing is published", async () => {
    await using server = await startTestRedis();
    await using all = await openWatched(server.url);
    await all.publishHeard(3);
    await all.broker.publisherRedis.flushall();
    all.broker.skip(10_000);
    await all.everybodyHasGap();
    await expectGoingOn(all, 2);
  });

  test("everything, by FLUSHALL, and the next event comes first", async () => {
    await using server = await startTestRedis();
    await using all = await openWatched(server.url);
    await all.publishHeard(3);
    await all.broker.publisherRedis.flushall();
    await all.publishHeard(1);
    await all.everybodyHasGap(all.published[2]);
    await expectGoingOn(all, 2);
  });

  test("everything, by a restart without data", async ({ skip }) => {
    await using server = await startOwnRedis(skip);
    await using all = await openWatched(server.url);
    await all.publishHeard(3);
    await all.lose(async () => {
      await server.stop();
      await server.start();
    });
    await all.everybodyHasGap();
    await expectGoingOn(all, 2);
  });

  test("the newest, by a restart from older data", async ({ skip }) => {
    await using server = await startOwnRedis(skip);
    await using all = await openWatched(server.url);
    await all.publish(3);
    const snapshot = await server.saveSnapshot();
    await all.publishHeard(3);
    await all.lose(() => server.startFrom(snapshot));
    await all.everybodyHasGap();
    await expectGoingOn(all, 4);
  });

  test("the newest, by a restart from older data, and the next event comes first", async ({ skip }) => {
    await using server = await startOwnRedis(skip);
    await using proxy = await startFaultProxy(server.url);
    await using all = await openWatched(proxy.url);
    await all.publish(2);
    const snapshot = await server.saveSnapshot();
    await all.publishHeard(2);
    await all.lose(async () => {
      proxy.set("refuse");
      await server.startFrom(snapshot);
      // From a process that knows nothing of what was.
      await using fresh = await openRedisBroker(server.url);
      const event = await fresh.publisher.publish(all.organization, anEvent({ n: all.published.length }));
      all.published.push(event.id);
      proxy.set("none");
    });
    await all.everybodyHasGap(all.published[3]);
    await all.everybodyHas(all.published[4]!);
    await expectGoingOn(all, 3);
  });

  test("the newest, by a replica that was promoted from behind", async ({ skip }) => {
    await using pair = await openReplicated(skip);
    await pair.publishReplicated(4);
    pair.partition();
    await pair.all.publishHeard(3);
    await pair.failOver();
    await pair.all.everybodyHasGap();
    await expectGoingOn(pair.all, 5);
  });

  test("the newest, by a failover and back again, to the same run of the same server", async ({ skip }) => {
    await using pair = await openReplicated(skip);
    const { all, control, replica } = pair;
    await pair.publishReplicated(3);
    pair.partition();
    await all.publishHeard(3);
    await control.replica.replicaof("NO", "ONE");
    await follow(control.primary, replica.url);
    await control.primary.replicaof("NO", "ONE");
    await all.publishHeard(1);
    await all.everybodyHasGap(all.published[5]);
    await expectGoingOn(all, 4);
  });
});

describe("what may have lost something is told as a gap, for nobody can know that it did not:", () => {
  test("a restart with all data", async ({ skip }) => {
    await using server = await startOwnRedis(skip);
    await using all = await openWatched(server.url);
    await all.publishHeard(3);
    const snapshot = await server.saveSnapshot();
    await all.lose(() => server.startFrom(snapshot));
    await all.everybodyHasGap();
    await expectGoingOn(all, 2);
  });

  test("a replica that was promoted with all data", async ({ skip }) => {
    await using pair = await openReplicated(skip);
    await pair.publishReplicated(4);
    await pair.failOver();
    await pair.all.everybodyHasGap();
    await expectGoingOn(pair.all, 3);
  });

  test("a restart from older data, with the newest id that is left, at a process that had not followed", async ({
    skip,
  }) => {
    await using server = await startOwnRedis(skip);
    await using all = await openWatched(server.url);
    await all.publish(2);
    const snapshot = await server.saveSnapshot();
    await all.publishHeard(1);
    await all.lose(() => server.startFrom(snapshot));
    await using fresh = await openRedisBroker(server.url);
    const back = createRecorder();
    fresh.hubs.attach(all.organization, all.published[1], back);
    expect((await back.begun()).gap).toMatchObject({ reason: "unknown", requested: all.published[1] });
  });
});

test("a history that nobody looked at for longer than it is held is no gap for who has the last id", async () => {
  await using server = await startTestRedis();
  await using all = await openWatched(server.url);
  await all.publishHeard(2);
  await all.broker.publisherRedis.del(`events:{${all.organization}}:log`);
  await using fresh = await openRedisBroker(server.url);
  const [last, first] = [createRecorder(), createRecorder()];
  fresh.hubs.attach(all.organization, all.published[1], last);
  fresh.hubs.attach(all.organization, all.published[0], first);
  expect((await last.begun()).gap).toBeUndefined();
  expect((await first.begun()).gap).toMatchObject({ reason: "expired" });
  await all.publish(1);
  await last.has(all.published[2]!);
  expect(last.story).toEqual([all.published[2]]);
});
