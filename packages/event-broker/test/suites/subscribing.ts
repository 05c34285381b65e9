import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { hubLingerMs, type Subscriber } from "../../src/index.ts";
import type { BrokerKind } from "../brokers.ts";
import { createRecorder, type Frame, type Recorder } from "../recorder.ts";
import { anEvent, anOrganization, areContiguous, before } from "../sample-events.ts";

/** A broker with one organization that somebody looks at. */
async function openLive(kind: BrokerKind) {
  const broker = await kind.open();
  const organization = anOrganization();
  const witness = createRecorder();
  broker.hubs.attach(organization, undefined, witness);
  await witness.begun();
  const publish = async (data: unknown = {}) => {
    const { id } = await broker.publisher.publish(organization, anEvent(data));
    await witness.has(id);
    return id;
  };
  return {
    broker,
    witness,
    publish,
    attach: (subscriber: Subscriber<Frame>, after?: string) =>
      broker.hubs.attach(organization, after, subscriber),
    organization,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

export function subscribingSuite(kind: BrokerKind): void {
  describe(`subscribers (${kind.name})`, () => {
    test("are not told of signals, which every process hears that has a hub of the organization", async () => {
      await using live = await openLive(kind);
      const view = await live.broker.openView();
      const subscriber = createRecorder();
      view.hubs.attach(live.organization, undefined, subscriber);
      await subscriber.begun();
      const heard: string[] = [];
      for (const { hubs } of [live.broker, view]) hubs.onSignal((text) => heard.push(text));
      view.hubs.signal(anOrganization(), "to nobody");
      view.hubs.signal(live.organization, "a text\nof two lines");
      await waitUntil(() => heard.length === 2, { what: "the signal on both" });
      const id = await live.publish();
      await subscriber.has(id);
      expect(new Set(heard)).toEqual(new Set(["a text\nof two lines"]));
      expect([subscriber.story, live.broker.count("failed")]).toEqual([[id], 0]);
    });

    test("begin during attach on a live hub", async () => {
      await using live = await openLive(kind);
      const ids = [await live.publish(), await live.publish()];
      const subscriber = createRecorder();
      using _ = live.attach(subscriber, ids[0]);
      expect(subscriber.story).toEqual([ids[1]]);
    });

    test("may come at any moment: none misses one, none has one twice", async () => {
      await using live = await openLive(kind);
      const first = await live.publish();
      const subscribers: Recorder[] = [];
      const joining = createRecorder({
        onEvent: ({ id }) => {
          for (const after of [undefined, first, before(id), id]) {
            const subscriber = createRecorder();
            live.attach(subscriber, after);
            subscribers.push(subscriber);
          }
        },
      });
      using _ = live.attach(joining);
      const published = await Promise.all(
        Array.from({ length: 20 }, (_none, n) =>
          live.broker.publisher.publish(live.organization, anEvent({ n })),
        ),
      );
      const last = published.map(({ id }) => id).at(-1)!;
      await live.witness.has(last);
      const all = live.witness.ids;
      expect(all).toHaveLength(21);
      expect(subscribers).toHaveLength(80);
      for (const { start, story } of subscribers) {
        expect(start!.gap).toBeUndefined();
        expect(story).toEqual(all.slice(all.indexOf(start!.position) + 1));
      }
    });

    test("may go while they are called, and take others with them", async () => {
      await using live = await openLive(kind);
      const attached = new Map<Recorder, Disposable>();
      const detach = (subscriber: Recorder) => attached.get(subscriber)![Symbol.dispose]();
      const first = createRecorder({ onEvent: () => detach(first) });
      const second = createRecorder({ onEvent: () => [second, third].forEach(detach) });
      const third = createRecorder();
      const fourth = createRecorder();
      for (const subscriber of [first, second, third, fourth])
        attached.set(subscriber, live.attach(subscriber));
      const ids = [await live.publish(), await live.publish()];
      expect(first.story).toEqual(ids.slice(0, 1));
      expect(second.story).toEqual(ids.slice(0, 1));
      expect(third.story).toEqual([]);
      expect(fourth.story).toEqual(ids);
    });

    test("may publish and attach while they are called: it comes after, for those before and behind them", async () => {
      await using live = await openLive(kind);
      const answers: Promise<{ readonly id: string }>[] = [];
      const attached: Recorder[] = [];
      const publisher = createRecorder({
        onEvent: () => {
          if (answers.length === 3) return;
          answers.push(live.broker.publisher.publish(live.organization, anEvent({ n: answers.length })));
          const subscriber = createRecorder();
          attached.push(subscriber);
          live.attach(subscriber);
        },
      });
      using _publisher = live.attach(publisher);
      const behind = createRecorder();
      using _behind = live.attach(behind);
      const first = await live.publish();
      await waitUntil(() => answers.length === 3, { what: "all to be published" });
      const ids = [first, ...(await Promise.all(answers)).map(({ id }) => id)];
      await behind.has(ids[3]!);
      expect([live.witness.story, publisher.story, behind.story]).toEqual([ids, ids, ids]);
      for (const { start, story } of attached) {
        expect(story).toEqual(ids.slice(ids.indexOf(start!.position) + 1));
      }
    });

    test("that throw harm nobody else, and are counted", async () => {
      await using live = await openLive(kind);
      const wrong = (): never => {
        throw new Error("a subscriber's mistake");
      };
      using _begins = live.attach({ begin: wrong, event: wrong, gap: wrong });
      const after = createRecorder();
      using _ = live.attach(after);
      const ids = [await live.publish(), await live.publish()];
      expect(after.story).toEqual(ids);
      expect(live.broker.count("failed")).toBe(3);
    });

    test("that have gone hear nothing, also when they go twice", async () => {
      await using live = await openLive(kind);
      const gone = createRecorder();
      const attached = live.attach(gone);
      attached[Symbol.dispose]();
      attached[Symbol.dispose]();
      await live.publish();
      expect(gone.story).toEqual([]);
    });

    test("that go before they could begin never begin", async () => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const [gone, stays] = [createRecorder(), createRecorder()];
      const attached = broker.hubs.attach(organization, undefined, gone);
      const hadBegun = gone.start !== undefined;
      attached[Symbol.dispose]();
      using _ = broker.hubs.attach(organization, undefined, stays);
      await stays.begun();
      expect(gone.start !== undefined).toBe(hadBegun);
    });

    test("leave a hub behind that stays for half a minute and knows what they missed", async () => {
      await using live = await openLive(kind);
      const { broker, organization } = live;
      expect(broker.hubs.hubCount).toBe(1);
      const elsewhere = anOrganization();
      const leaving = createRecorder();
      const attached = broker.hubs.attach(elsewhere, undefined, leaving);
      const { position } = await leaving.begun();
      attached[Symbol.dispose]();
      await broker.hubs.tick();
      const { id } = await broker.publisher.publish(elsewhere, anEvent());
      broker.skip(hubLingerMs - 10_000);
      await broker.hubs.tick();
      expect(broker.hubs.hubCount).toBe(2);
      broker.skip(10_000);
      await broker.hubs.tick();
      expect(broker.hubs.hubCount).toBe(1);
      const back = createRecorder();
      using _ = broker.hubs.attach(elsewhere, position, back);
      await back.begun();
      expect(back.story).toEqual([id]);
      const there = await broker.publisher.publish(elsewhere, anEvent());
      await back.has(there.id);
      expect([organization, leaving.story]).toEqual([organization, []]);
    });

    test("of two processes see the same", async ({ skip }) => {
      skip(kind.cannot.haveTwoViews !== undefined, kind.cannot.haveTwoViews);
      await using live = await openLive(kind);
      const view = await live.broker.openView();
      const there = createRecorder();
      using _ = view.hubs.attach(live.organization, undefined, there);
      await there.begun();
      const ids = [await live.publish(), await live.publish(), await live.publish()];
      await there.has(ids[2]!);
      expect(there.story).toEqual(ids);
      expect(there.events).toEqual(live.witness.events);
      expect(areContiguous(ids)).toBe(true);
    });

    test("are no more once the hubs are disposed of", async () => {
      const live = await openLive(kind);
      await live.publish();
      await live.broker.hubs[Symbol.asyncDispose]();
      const late = createRecorder();
      using _ = live.attach(late);
      await live.broker.publisher.publish(live.organization, anEvent());
      expect(late.start).toBeUndefined();
      expect(live.witness.story).toHaveLength(1);
      expect(live.broker.hubs.hubCount).toBe(0);
      await live[Symbol.asyncDispose]();
    });

    test("and what they are told is counted", async () => {
      await using live = await openLive(kind);
      const ids = [await live.publish(), await live.publish()];
      using _second = live.attach(createRecorder(), before(ids[0]!));
      await live.publish();
      const told = live.broker.events.filter(({ kind: what }) => what === "received" || what === "replayed");
      expect(told).toEqual([
        { kind: "received", subscribers: 1, fanOutMs: expect.any(Number) },
        { kind: "received", subscribers: 1, fanOutMs: expect.any(Number) },
        { kind: "replayed", events: 2 },
        { kind: "received", subscribers: 2, fanOutMs: expect.any(Number) },
      ]);
    });
  });
}
