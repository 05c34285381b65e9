import { describe, expect, test } from "vitest";
import type { Broker, BrokerKind, View } from "../brokers.ts";
import { createRecorder, type Recorder } from "../recorder.ts";
import { anEvent, anOrganization, before } from "../sample-events.ts";

const noIds = [
  "",
  "-",
  "1",
  "1-",
  "-1",
  "a-b",
  "1-1-1",
  "1--1",
  "01-1",
  "1-01",
  "+1-1",
  "1.0-1",
  "1e3-1",
  " 1-1",
  "1-1\n",
  "١-١",
  "9007199254740993-1",
  "99999999999999999999-1",
  "1\0-1",
  "x".repeat(70),
];

/** A history of some events, and what somebody with an id is given. */
async function openHistory(kind: BrokerKind, events = 5, options: Parameters<BrokerKind["open"]>[0] = {}) {
  const broker = await kind.open(options);
  const organization = anOrganization();
  const ids: string[] = [];
  for (let n = 0; n < events; n++)
    ids.push((await broker.publisher.publish(organization, anEvent({ n }))).id);
  const resume = async (after: string | undefined, view: View = broker): Promise<Recorder> => {
    const subscriber = createRecorder();
    view.hubs.attach(organization, after, subscriber);
    await subscriber.begun();
    return subscriber;
  };
  return { broker, organization, ids, resume, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

const publishAfter = async ({ publisher }: Broker, organization: string, subscriber: Recorder) => {
  const { id } = await publisher.publish(organization, anEvent({ live: true }));
  await subscriber.has(id);
  return id;
};

export function resumingSuite(kind: BrokerKind): void {
  describe(`resuming (${kind.name})`, () => {
    test("without an id is from now on", async () => {
      await using history = await openHistory(kind);
      const subscriber = await history.resume(undefined);
      expect(subscriber.start).toEqual({ position: history.ids.at(-1), gap: undefined, replay: [] });
      const live = await publishAfter(history.broker, history.organization, subscriber);
      expect(subscriber.story).toEqual([live]);
    });

    test("with any id of the history is everything after it once, in order, then live", async () => {
      await using history = await openHistory(kind);
      const { ids } = history;
      const points = [before(ids[0]!), ...ids];
      for (const [at, after] of points.entries()) {
        const subscriber = await history.resume(after);
        expect(subscriber.start).toMatchObject({ position: after, gap: undefined });
        expect(subscriber.story).toEqual(ids.slice(at));
      }
      const subscribers = await Promise.all(points.map((after) => history.resume(after)));
      const live = await publishAfter(history.broker, history.organization, subscribers.at(-1)!);
      for (const [at, subscriber] of subscribers.entries()) {
        await subscriber.has(live);
        expect(subscriber.story).toEqual([...ids.slice(at), live]);
      }
    });

    test("with the head of an organization of which nothing is known yet is no gap", async () => {
      await using history = await openHistory(kind, 0);
      const first = await history.resume(undefined);
      const again = await history.resume(first.start!.position);
      expect(again.start).toEqual({ position: first.start!.position, gap: undefined, replay: [] });
      const live = await publishAfter(history.broker, history.organization, again);
      expect([first.story, again.story]).toEqual([[live], [live]]);
      expect(before(live)).toBe(first.start!.position);
    });

    test.each(noIds)("with %j, which is no id, is an unknown gap and live from the head", async (after) => {
      await using history = await openHistory(kind, 2);
      const subscriber = await history.resume(after);
      const head = history.ids.at(-1)!;
      expect(subscriber.start).toEqual({
        position: head,
        gap: { reason: "unknown", requested: after, resumedFrom: head },
        replay: [],
      });
      const live = await publishAfter(history.broker, history.organization, subscriber);
      expect(subscriber.story).toEqual([live]);
      expect(history.broker.count("gap")).toBe(1);
    });

    test("with an id that was never given out is an unknown gap", async () => {
      await using history = await openHistory(kind, 3);
      const [epoch, seq] = history.ids[2]!.split("-").map(Number);
      const cases = [
        `${epoch}-${seq! + 1}`,
        `${epoch! + 1}-0`,
        `${epoch! + 1_000_000}-7`,
        `${epoch! - 1}-5`,
        "0-0",
        "1-1",
      ];
      for (const after of cases) {
        const subscriber = await history.resume(after);
        const head = history.ids[2];
        expect(subscriber.start!.gap).toEqual({ reason: "unknown", requested: after, resumedFrom: head });
        expect(subscriber.story).toEqual([]);
      }
      expect(history.broker.count("replayed")).toBe(0);
    });

    test("with another organization's id is a gap, never one of its events", async () => {
      await using history = await openHistory(kind);
      const { id: theirs } = await history.broker.publisher.publish(
        anOrganization(),
        anEvent({ theirs: true }),
      );
      const subscriber = await history.resume(theirs);
      expect(subscriber.start!.gap).toMatchObject({ requested: theirs, resumedFrom: history.ids.at(-1) });
      const live = await publishAfter(history.broker, history.organization, subscriber);
      expect(subscriber.story).toEqual([live]);
    });

    test("on another process is the same", async ({ skip }) => {
      skip(kind.cannot.haveTwoViews !== undefined, kind.cannot.haveTwoViews);
      await using history = await openHistory(kind);
      const view = await history.broker.openView();
      const here = await history.resume(history.ids[1]);
      const there = await history.resume(history.ids[1], view);
      const live = await publishAfter(history.broker, history.organization, here);
      await there.has(live);
      expect(here.story).toEqual([...history.ids.slice(2), live]);
      expect(there.story).toEqual(here.story);
      expect(there.events).toEqual(here.events);
    });
  });

  describe(`a history's limits (${kind.name})`, () => {
    const wide = { eventsMax: 1_000, ageMaxMs: 600_000, bytesMax: 16 * 1_024 * 1_024 };

    /** All that can be resumed from are the point before the last ones and those after it. */
    async function expectOnlyLast(
      history: Awaited<ReturnType<typeof openHistory>>,
      held: number,
      view: View,
    ) {
      const { ids, resume } = history;
      const oldest = ids.length - held;
      for (const [at, after] of ids.entries()) {
        const { start, story } = await resume(after, view);
        if (at >= oldest - 1) expect([start!.gap, story]).toEqual([undefined, ids.slice(at + 1)]);
        else expect([start!.gap?.reason, story]).toEqual(["expired", []]);
      }
      if (oldest > 0) expect((await resume(before(ids[0]!), view)).start!.gap?.reason).toBe("expired");
    }

    test("a number of events: older ones are expired, on live hubs and on new ones", async () => {
      await using history = await openHistory(kind, 1, { limits: { ...wide, eventsMax: 5 } });
      const live = await history.resume(undefined);
      for (let n = 1; n < 12; n++) {
        history.ids.push((await history.broker.publisher.publish(history.organization, anEvent({ n }))).id);
      }
      await live.has(history.ids.at(-1)!);
      expect(live.story).toEqual(history.ids.slice(1));
      await expectOnlyLast(history, 5, history.broker);
      await expectOnlyLast(history, 5, await history.broker.openView());
    });

    test("bytes: the newest that fit", async () => {
      await using history = await openHistory(kind, 0, { limits: { ...wide, bytesMax: 10_000 } });
      const live = await history.resume(undefined);
      for (let n = 0; n < 9; n++) {
        const { id } = await history.broker.publisher.publish(
          history.organization,
          anEvent({ text: "é".repeat(1_100) }),
        );
        history.ids.push(id);
      }
      await live.has(history.ids.at(-1)!);
      await expectOnlyLast(history, 4, history.broker);
      await expectOnlyLast(history, 4, await history.broker.openView());
    });

    test("an event longer than the whole history is told, and not held", async () => {
      await using history = await openHistory(kind, 2, { limits: { ...wide, bytesMax: 5_000 } });
      const live = await history.resume(undefined);
      const { id } = await history.broker.publisher.publish(
        history.organization,
        anEvent({ text: "x".repeat(6_000) }),
      );
      history.ids.push(id);
      await live.has(id);
      await expectOnlyLast(history, 0, history.broker);
      await expectOnlyLast(history, 0, await history.broker.openView());
      const next = await publishAfter(history.broker, history.organization, live);
      expect((await history.resume(id)).story).toEqual([next]);
    });

    test("age: what is older is expired, also where nothing new comes", async ({ skip }) => {
      skip(kind.cannot.moveItsClock !== undefined, kind.cannot.moveItsClock);
      await using history = await openHistory(kind, 3);
      const live = await history.resume(undefined);
      history.broker.skip(400_000);
      const fourth = await publishAfter(history.broker, history.organization, live);
      history.ids.push(fourth);
      await expectOnlyLast(history, 4, history.broker);
      history.broker.skip(200_001);
      await expectOnlyLast(history, 1, history.broker);
      history.broker.skip(400_000);
      await expectOnlyLast(history, 0, history.broker);
      expect((await history.resume(fourth)).start).toMatchObject({ gap: undefined });
    });

    test("bytes of all rings together: the fullest loses its oldest first", async () => {
      await using history = await openHistory(kind, 0, { ringsBytesMax: 100_000 });
      const { broker, organization, resume, ids } = history;
      const small = anOrganization();
      const other = createRecorder();
      broker.hubs.attach(small, undefined, other);
      const { position } = await other.begun();
      const live = await resume(undefined);
      const { id: kept } = await broker.publisher.publish(small, anEvent({ text: "x".repeat(1_000) }));
      await other.has(kept);
      for (let n = 0; n < 50; n++) {
        ids.push((await broker.publisher.publish(organization, anEvent({ text: "x".repeat(5_000) }))).id);
      }
      await live.has(ids.at(-1)!);
      expect(live.story).toEqual(ids);
      expect((await resume(ids[0])).start!.gap?.reason).toBe("expired");
      expect((await resume(ids[40])).story).toEqual(ids.slice(41));
      const again = createRecorder();
      broker.hubs.attach(small, position, again);
      expect(again.story).toEqual([kept]);
    });
  });
}
