import { setInterval as every } from "node:timers/promises";
import { startFaultProxy, startTestRedis, waitUntil } from "@leftrail/testkit";
import type { Redis } from "ioredis";
import { expect, test } from "vitest";
import { hubLingerMs, silenceMaxMs } from "../src/limits.ts";
import { openRedisBroker, type BrokerOptions, type RedisBroker } from "./brokers.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { anEvent, anOrganization, areContiguous, before } from "./sample-events.ts";

const publishIntervalMs = 10;
const eventsInAll = 400;
const eventsPerHop = 7;

/** Goes from hub to hub with the last id that it had in each. */
function createHopper({ hubs }: RedisBroker, organizations: readonly string[], first: number) {
  const cursors = new Map<string, string>();
  const seen = new Map<string, string[]>(organizations.map((organization) => [organization, []]));
  const starts = new Map<string, string>();
  let at = first;
  let count = 0;
  let attached: Disposable | undefined;
  let gaps = 0;

  function attach(): void {
    const organization = organizations[at % organizations.length]!;
    const hear = (id: string) => {
      seen.get(organization)!.push(id);
      cursors.set(organization, id);
      count++;
    };
    attached = hubs.attach(organization, cursors.get(organization), {
      begin({ position, gap, replay }) {
        if (gap !== undefined) gaps++;
        if (!starts.has(organization)) starts.set(organization, position);
        cursors.set(organization, position);
        for (const { id } of replay) hear(id);
      },
      event({ id }) {
        hear(id);
        if (count % eventsPerHop !== 0) return;
        attached?.[Symbol.dispose]();
        at++;
        attach();
      },
      gap: () => void gaps++,
    });
  }
  attach();
  return { cursors, seen, starts, gaps: () => gaps, stop: () => attached?.[Symbol.dispose]() };
}

test("connections are killed again and again while subscribers go from hub to hub: nothing lost, nothing twice, in order", async () => {
  await using server = await startTestRedis();
  await using broker = await openRedisBroker(server.url);
  const organizations = [anOrganization(), anOrganization(), anOrganization()];
  const published = new Map<string, string[]>(organizations.map((organization) => [organization, []]));
  const hoppers = Array.from({ length: 9 }, (_, n) => createHopper(broker, organizations, n));
  await waitUntil(() => hoppers.every(({ starts }) => starts.size > 0), { what: "all to begin" });

  const allPublished = new AbortController();
  let kills = 0;
  const killing = (async () => {
    while (!allPublished.signal.aborted) {
      kills += Number(await broker.publisherRedis.call("CLIENT", "KILL", "TYPE", "pubsub"));
      await waitUntil(() => allPublished.signal.aborted || broker.hubs.isLive, {
        what: "the hubs to be back",
      });
    }
  })();
  let n = 0;
  for await (const _ of every(publishIntervalMs)) {
    const organization = organizations[n % 3]!;
    published.get(organization)!.push((await broker.publisher.publish(organization, anEvent({ n }))).id);
    if (++n === eventsInAll) break;
  }
  allPublished.abort();
  await killing;
  expect(kills).toBeGreaterThan(10);

  for (const hopper of hoppers) hopper.stop();
  for (const organization of organizations) {
    const all = published.get(organization)!;
    expect(areContiguous(all)).toBe(true);
    for (const hopper of hoppers) {
      const rest = createRecorder();
      using _ = broker.hubs.attach(organization, hopper.cursors.get(organization), rest);
      const { gap } = await rest.begun();
      const start = hopper.starts.get(organization) ?? all.at(-1)!;
      const due = all.slice(all.indexOf(start) + 1);
      await waitUntil(() => hopper.seen.get(organization)!.length + rest.ids.length >= due.length, {
        what: "the rest",
      });
      expect([...hopper.seen.get(organization)!, ...rest.ids]).toEqual(due);
      expect([gap, hopper.gaps(), rest.gaps]).toEqual([undefined, 0, []]);
    }
  }
});

/** Lets messages be lost on their way, which Redis never tells of. */
function makeForgetful(subscriber: Redis): { isDeaf: boolean } {
  const state = { isDeaf: false };
  const [listener] = subscriber.listeners("message");
  if (listener === undefined) throw new Error("nobody listens");
  subscriber.off("message", listener as () => void);
  subscriber.on("message", (...message) => {
    if (!state.isDeaf) listener.apply(subscriber, message);
  });
  return state;
}

async function openWatched(url: string, options: BrokerOptions = {}) {
  const broker = await openRedisBroker(url, options);
  const organization = anOrganization();
  const subscriber = createRecorder();
  broker.hubs.attach(organization, undefined, subscriber);
  await subscriber.begun();
  const publish = async () => (await broker.publisher.publish(organization, anEvent())).id;
  return {
    broker,
    organization,
    subscriber,
    publish,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

test("the last message of a burst is lost: its event comes once the hub has been silent", async () => {
  await using server = await startTestRedis();
  await using watched = await openWatched(server.url, { ticksByHand: true });
  const { broker, organization, subscriber, publish } = watched;
  const forgetful = makeForgetful(broker.subscriber);
  const heard = await publish();
  await subscriber.has(heard);
  forgetful.isDeaf = true;
  const lost = [await publish(), await publish()];
  forgetful.isDeaf = false;
  broker.skip(silenceMaxMs);
  // One that was known already is no sign of being at the head.
  await broker.publisherRedis.publish(
    `events:{${organization}}`,
    `${heard} ${before(heard)} 0 run.stage\n"}`,
  );
  const elsewhere = createRecorder();
  using _ = broker.hubs.attach(anOrganization(), undefined, elsewhere);
  await elsewhere.begun();
  await broker.hubs.tick();
  expect(subscriber.story).toEqual([heard, ...lost]);
});

test("a message in between is lost: the next one brings both", async () => {
  await using server = await startTestRedis();
  await using watched = await openWatched(server.url, { ticksByHand: true });
  const { broker, subscriber, publish } = watched;
  const forgetful = makeForgetful(broker.subscriber);
  const readsBefore = broker.count("history_read");
  forgetful.isDeaf = true;
  const lost = [await publish(), await publish()];
  forgetful.isDeaf = false;
  const last = await publish();
  await subscriber.has(last);
  expect(subscriber.story).toEqual([...lost, last]);
  expect(broker.count("history_read")).toBe(readsBefore + 1);
});

test("what was published while the subscription was cut has come by the time the hubs are live again", async () => {
  await using server = await startTestRedis();
  await using watched = await openWatched(server.url);
  const { broker, subscriber, publish } = watched;
  const states = () => broker.events.flatMap((event) => (event.kind === "state" ? event.isLive : []));
  // In one batch, so that nothing can be subscribed to between the two.
  const [, id] = await Promise.all([
    broker.publisherRedis.call("CLIENT", "KILL", "TYPE", "pubsub"),
    publish(),
  ]);
  await waitUntil(() => states().length === 2, { what: "the hubs to be live again", intervalMs: 1 });
  expect([states(), subscriber.story]).toEqual([[false, true], [id]]);
  // And what comes then comes by the subscription, not by looking.
  const readings = broker.count("history_read");
  await subscriber.has(await publish());
  expect(broker.count("history_read")).toBe(readings);
});

test("an id that another process has told already is no gap here", async () => {
  await using server = await startTestRedis();
  await using watched = await openWatched(server.url, { ticksByHand: true });
  const { broker, organization, subscriber, publish } = watched;
  const forgetful = makeForgetful(broker.subscriber);
  forgetful.isDeaf = true;
  const ids = [await publish(), await publish(), await publish()];
  const back = createRecorder();
  using _ = broker.hubs.attach(organization, ids[1], back);
  expect((await back.begun()).gap).toBeUndefined();
  await subscriber.has(ids[2]!);
  expect([back.story, subscriber.story]).toEqual([[ids[2]], ids]);
});

test("hubs that heard something lately are not asked for; silent ones in one pipeline", async () => {
  await using server = await startTestRedis();
  await using broker = await openRedisBroker(server.url, { ticksByHand: true });
  const organizations = Array.from({ length: 40 }, anOrganization);
  const subscribers = organizations.map((organization) => {
    const subscriber = createRecorder();
    broker.hubs.attach(organization, undefined, subscriber);
    return subscriber;
  });
  await Promise.all(subscribers.map((subscriber) => subscriber.begun()));
  const watcher = await broker.publisherRedis.monitor();
  const asked: string[] = [];
  watcher.on("monitor", (_time: string, [name = "", key = ""]: string[], source: string) => {
    if (name.toLowerCase() === "hmget" && source !== "lua") asked.push(key);
  });
  broker.skip(silenceMaxMs);
  const recent = await Promise.all(
    organizations.slice(0, 10).map((organization) => broker.publisher.publish(organization, anEvent())),
  );
  await Promise.all(recent.map(({ id }, at) => subscribers[at]!.has(id)));
  await broker.hubs.tick();
  await broker.hubs.tick();
  await waitUntil(() => asked.length >= 30, { what: "the heads to be asked for" });
  watcher.disconnect();
  expect(new Set(asked)).toEqual(new Set(organizations.slice(10).map((id) => `events:{${id}}:head`)));
  expect(asked).toHaveLength(30);
});

test("10,000 subscribers of one hub are one reading of the history, and an event is one message", async () => {
  await using server = await startTestRedis();
  await using watched = await openWatched(server.url);
  const { broker, organization, publish } = watched;
  const first = await publish();
  for (let n = 0; n < 99; n++) await publish();
  const view = await broker.openView();
  let begun = 0;
  let told = 0;
  const subscriber = {
    begin: ({ replay }: { replay: readonly unknown[] }) => void (begun += replay.length),
    event: () => void told++,
    gap: () => {},
  };
  for (let n = 0; n < 5_000; n++) view.hubs.attach(organization, first, subscriber);
  await waitUntil(() => begun === 5_000 * 99, { what: "all who waited to begin" });
  for (let n = 0; n < 5_000; n++) view.hubs.attach(organization, first, subscriber);
  expect(begun).toBe(10_000 * 99);
  await publish();
  await waitUntil(() => told === 10_000, { what: "all to be told" });
  expect(view.count("history_read")).toBe(1);
  expect(view.count("received")).toBe(1);
});

test("a subscriber connection to nobody is cut, and what it did not bring comes", async () => {
  await using server = await startTestRedis();
  await using proxy = await startFaultProxy(server.url);
  await using watched = await openWatched(proxy.url);
  const { broker, organization, subscriber } = watched;
  const outside = await openRedisBroker(server.url);
  proxy.set("blackHole");
  const { id } = await outside.publisher.publish(organization, anEvent());
  for (let ticks = 0; ticks < 10 && broker.hubs.isLive; ticks++) {
    broker.skip(1_000);
    void broker.hubs.tick();
  }
  expect(broker.hubs.isLive).toBe(false);
  // It still serves whoever comes.
  const late: Recorder = createRecorder();
  using _ = broker.hubs.attach(organization, undefined, late);
  expect(late.start).toBeDefined();
  proxy.set("none", { cutLiving: true });
  await Promise.all([subscriber.has(id), late.has(id)]);
  await waitUntil(() => broker.hubs.isLive, { what: "the hubs to be live" });
  expect(broker.events.flatMap((event) => (event.kind === "state" ? event.isLive : []))).toEqual([
    false,
    true,
  ]);
  expect([subscriber.story, late.story]).toEqual([[id], [id]]);
  await outside[Symbol.asyncDispose]();
});

test("a hub that nobody needs is subscribed to no more, nor is anything else", async () => {
  await using server = await startTestRedis();
  await using broker = await openRedisBroker(server.url);
  const [left, never] = [anOrganization(), anOrganization()];
  const subscribersOf = async (organization: string) =>
    Number((await broker.publisherRedis.pubsub("NUMSUB", `events:{${organization}}`))[1]);
  const subscriber = createRecorder();
  const attached = broker.hubs.attach(left, undefined, subscriber);
  await subscriber.begun();
  expect(await subscribersOf(left)).toBe(1);
  attached[Symbol.dispose]();
  await broker.hubs.tick();
  broker.skip(hubLingerMs);
  await broker.hubs.tick();
  await waitUntil(async () => (await subscribersOf(left)) === 0, { what: "the hub's subscription to end" });
  await broker.subscriber.subscribe(`events:{${never}}`);
  await broker.publisher.publish(never, anEvent());
  await waitUntil(async () => (await subscribersOf(never)) === 0, { what: "the stray subscription to end" });
});
