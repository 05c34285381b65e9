import { describe, expect, test } from "vitest";
import type { BrokerKind } from "../brokers.ts";
import { createRecorder } from "../recorder.ts";
import { anEvent, anOrganization, areContiguous, areGrowing, occurredAt } from "../sample-events.ts";

const dayMs = 24 * 60 * 60_000;

export function publishingSuite(kind: BrokerKind): void {
  describe(`publishing (${kind.name})`, () => {
    test("an event is told once, in order, under the id that publishing answered", async () => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const subscriber = createRecorder();
      using _ = broker.hubs.attach(organization, undefined, subscriber);
      await subscriber.begun();
      const answered: string[] = [];
      for (let n = 1; n <= 20; n++)
        answered.push((await broker.publisher.publish(organization, anEvent({ n }))).id);
      await subscriber.has(answered.at(-1)!);
      expect(subscriber.ids).toEqual(answered);
      expect(areContiguous(answered)).toBe(true);
      expect(subscriber.gaps).toEqual([]);
      expect(answered[0]).toMatch(/^[A-Za-z0-9-]{1,64}$/);
    });

    test("its JSON is the envelope, with its id", async () => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const subscriber = createRecorder();
      using _ = broker.hubs.attach(organization, undefined, subscriber);
      await subscriber.begun();
      const { id } = await broker.publisher.publish(organization, anEvent({ stage: "done" }));
      await subscriber.has(id);
      const [event] = subscriber.events;
      expect(event).toEqual({
        id,
        type: "run.stage",
        json: JSON.stringify({
          id,
          type: "run.stage",
          orgId: organization,
          occurredAt,
          data: { stage: "done" },
        }),
      });
    });

    test.each([
      ["line breaks", "a\nb\rc\r\nd"],
      ["U+2028, U+2029 and U+0085", "a\u2028b\u2029c\u0085d"],
      ["NUL and other controls", "a\0b\u0001c\u001fd\u007f"],
      ["lone surrogates", "a\ud800b\udc00c"],
      ["all of Unicode's widths", "aé€😀"],
      ["what ends strings elsewhere", `"'\\</script>{}[]`],
      ["60,000 bytes", "€".repeat(20_000)],
      ["60,000 bytes that JSON must escape", "\u0001".repeat(60_000)],
    ])("a text with %s comes as it was, on one line", async (_name, text) => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const [live, later] = [createRecorder(), createRecorder()];
      using _live = broker.hubs.attach(organization, undefined, live);
      const { position } = await live.begun();
      const { id } = await broker.publisher.publish(organization, anEvent({ text }));
      await live.has(id);
      const view = await broker.openView();
      using _later = view.hubs.attach(organization, position, later);
      await later.begun();
      for (const { events } of [live, later]) {
        expect(events).toHaveLength(1);
        expect(events[0]!.json).not.toMatch(/[\r\n\0]/);
        expect(JSON.parse(events[0]!.json).data).toEqual({ text });
        expect(Buffer.from(events[0]!.json).toString()).toBe(events[0]!.json);
      }
    });

    test.each([null, 0, "text", [], { deep: [{ er: true }] }])("%j is data", async (data) => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const subscriber = createRecorder();
      using _ = broker.hubs.attach(organization, undefined, subscriber);
      await subscriber.begun();
      await subscriber.has((await broker.publisher.publish(organization, anEvent(data))).id);
      expect(JSON.parse(subscriber.events[0]!.json).data).toEqual(data);
    });

    test("what is no event is refused, and nothing of it is kept", async () => {
      await using broker = await kind.open();
      const { publisher } = broker;
      const organization = anOrganization();
      await expect(publisher.publish(organization, anEvent(undefined))).resolves.toBeDefined();
      const nothing = { ...anEvent(), data: undefined };
      await expect(publisher.publish(organization, nothing)).rejects.toThrow("JSON value");
      await expect(
        publisher.publish(
          organization,
          anEvent(() => {}),
        ),
      ).rejects.toThrow("JSON value");
      await expect(publisher.publish(organization, anEvent(1n))).rejects.toThrow(TypeError);
      for (const type of ["", "two words", "two\nlines", "a:b", "x".repeat(101)]) {
        await expect(publisher.publish(organization, { ...anEvent(), type })).rejects.toThrow(
          "must be a name",
        );
      }
      const tooLong = anEvent({ text: "x".repeat(1_024 * 1_024) });
      await expect(publisher.publish(organization, tooLong)).rejects.toMatchObject({
        code: "payload_too_large",
      });
      expect(broker.count("published")).toBe(1);
    });

    test("no organization hears of another one's events", async () => {
      await using broker = await kind.open();
      const [ours, theirs] = [anOrganization(), anOrganization()];
      const [us, them] = [createRecorder(), createRecorder()];
      using _us = broker.hubs.attach(ours, undefined, us);
      using _them = broker.hubs.attach(theirs, undefined, them);
      await Promise.all([us.begun(), them.begun()]);
      const [first, second, third] = [
        await broker.publisher.publish(ours, anEvent({ n: 1 })),
        await broker.publisher.publish(theirs, anEvent({ n: 2 })),
        await broker.publisher.publish(ours, anEvent({ n: 3 })),
      ];
      await Promise.all([us.has(third.id), them.has(second.id)]);
      expect([us.ids, them.ids]).toEqual([[first.id, third.id], [second.id]]);
      expect(us.events.every(({ json }) => json.includes(ours))).toBe(true);
    });

    test("published at once from many sides, they have one order for all", async () => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const subscribers = [createRecorder(), createRecorder(), createRecorder()];
      for (const subscriber of subscribers) broker.hubs.attach(organization, undefined, subscriber);
      await Promise.all(subscribers.map((subscriber) => subscriber.begun()));
      const events = Array.from({ length: 200 }, (_, n) =>
        broker.publisher.publish(organization, anEvent({ n })),
      );
      const ids = (await Promise.all(events)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(200);
      const last = ids.toSorted((a, b) => Number(a.split("-")[1]) - Number(b.split("-")[1])).at(-1)!;
      for (const subscriber of subscribers) {
        await subscriber.has(last);
        expect(subscriber.ids).toHaveLength(200);
        expect(areContiguous(subscriber.ids)).toBe(true);
      }
    });
  });

  describe(`an event's key (${kind.name})`, () => {
    test("given again is the first event, however often and from how many sides", async () => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const subscriber = createRecorder();
      using _ = broker.hubs.attach(organization, undefined, subscriber);
      await subscriber.begun();
      const again = Array.from({ length: 20 }, (_none, n) =>
        broker.publisher.publish(organization, anEvent({ n }, "k")),
      );
      const ids = new Set((await Promise.all(again)).map(({ id }) => id));
      const { id: other } = await broker.publisher.publish(organization, anEvent({}, "another"));
      expect(await broker.publisher.publish(organization, anEvent({}, "k"))).toEqual({ id: [...ids][0] });
      await subscriber.has(other);
      expect(ids.size).toBe(1);
      expect(subscriber.ids).toEqual([...ids, other]);
      expect([broker.count("published"), broker.count("repeated")]).toEqual([2, 20]);
    });

    test("is one organization's own, and may be any text", async () => {
      await using broker = await kind.open();
      const [ours, theirs] = [anOrganization(), anOrganization()];
      for (const key of ["", "a}b{c", "x".repeat(10_000), "é\n\0"]) {
        const { id } = await broker.publisher.publish(ours, anEvent({}, key));
        expect((await broker.publisher.publish(ours, anEvent({}, key))).id).toBe(id);
        expect((await broker.publisher.publish(theirs, anEvent({}, key))).id).not.toBe(id);
      }
      expect(broker.count("published")).toBe(8);
    });

    test("is known for a day", async ({ skip }) => {
      skip(kind.cannot.moveItsClock !== undefined, kind.cannot.moveItsClock);
      await using broker = await kind.open();
      const organization = anOrganization();
      const { id } = await broker.publisher.publish(organization, anEvent({}, "k"));
      broker.skip(dayMs - 1_000);
      expect((await broker.publisher.publish(organization, anEvent({}, "k"))).id).toBe(id);
      broker.skip(1_000);
      expect((await broker.publisher.publish(organization, anEvent({}, "k"))).id).not.toBe(id);
    });
  });

  describe(`publishing where a stream was opened (${kind.name})`, () => {
    test("does nothing for others, and the same as publishing for these", async () => {
      await using broker = await kind.open();
      const organization = anOrganization();
      expect(await broker.publisher.publishIfOpen(organization, anEvent({}, "k"))).toBeUndefined();
      expect(broker.count("published")).toBe(0);
      const subscriber = createRecorder();
      using _ = broker.hubs.attach(organization, undefined, subscriber);
      await subscriber.begun();
      const first = await broker.publisher.publishIfOpen(organization, anEvent({}, "k"));
      expect(await broker.publisher.publishIfOpen(organization, anEvent({}, "k"))).toEqual(first);
      await subscriber.has(first!.id);
      expect(subscriber.ids).toEqual([first!.id]);
    });

    test("publishing opens one as well", async () => {
      await using broker = await kind.open();
      const organization = anOrganization();
      const { id } = await broker.publisher.publish(organization, anEvent());
      const next = await broker.publisher.publishIfOpen(organization, anEvent());
      expect(areContiguous([id, next!.id])).toBe(true);
    });

    test("counts as open for a day after the last look, and for as long as somebody looks", async ({
      skip,
    }) => {
      skip(kind.cannot.moveItsClock !== undefined, kind.cannot.moveItsClock);
      await using broker = await kind.open();
      const organization = anOrganization();
      const attached = broker.hubs.attach(organization, undefined, createRecorder());
      broker.skip(3 * dayMs);
      await broker.hubs.tick();
      const { id: first } = (await broker.publisher.publishIfOpen(organization, anEvent()))!;
      attached[Symbol.dispose]();
      for (let hours = 1; hours < 24; hours++) {
        broker.skip(dayMs / 24);
        await broker.hubs.tick();
        expect(await broker.publisher.publishIfOpen(organization, anEvent())).toBeDefined();
      }
      // Nobody looked: what was published only because it was open keeps it open no longer than it is held.
      broker.skip(dayMs / 24);
      await broker.hubs.tick();
      expect(await broker.publisher.publishIfOpen(organization, anEvent())).toBeUndefined();
      const { id: later } = await broker.publisher.publish(organization, anEvent());
      expect(areGrowing([first, later])).toBe(true);
    });
  });
}
