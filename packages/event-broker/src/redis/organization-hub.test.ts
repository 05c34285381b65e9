import { describe, expect, test } from "vitest";
import { createRecorder, type Frame } from "../../test/recorder.ts";
import { parsePoint, type Point } from "../event-id.ts";
import { heldMessagesMax, historyLimits } from "../limits.ts";
import type { BrokerEvent, PublishedEvent } from "../ports.ts";
import { createRingBudget } from "../ring-budget.ts";
import type { HistoryReading } from "./history-reader.ts";
import type { LoggedEvent } from "./logged-event.ts";
import { createOrganizationHub } from "./organization-hub.ts";

const at = (id: string): Point => parsePoint(id)!;

const logged = (seq: number): LoggedEvent => ({
  id: `1-${seq}`,
  point: at(`1-${seq}`),
  atMs: 0,
  type: "t",
  body: `"type":"t"}`,
});

const reading = (head: string, ...entries: LoggedEvent[]): HistoryReading => ({
  head: at(head),
  nowMs: 0,
  entries,
});

function openHub(encode: (event: PublishedEvent) => Frame = (event) => event) {
  const events: BrokerEvent[] = [];
  const hub = createOrganizationHub<Frame>({
    organizationId: "o",
    channel: "c",
    clock: () => 0,
    encode,
    onEvent: (event) => events.push(event),
    limits: historyLimits,
    budget: createRingBudget(1e9),
  });
  const read = (given: HistoryReading | undefined) => {
    hub.beginRead();
    hub.endRead(given);
  };
  const attach = (after?: string) => {
    const recorder = createRecorder();
    hub.attach(after, recorder);
    return recorder;
  };
  return { hub, events, read, attach };
}

describe("messages that come while the history is read", () => {
  test("come after it, those that it has left out", () => {
    const { hub, attach } = openHub();
    const subscriber = attach();
    hub.beginRead();
    for (const seq of [2, 3, 4]) hub.receive(logged(seq));
    expect(subscriber.start).toBeUndefined();
    hub.endRead(reading("1-3", logged(1), logged(2), logged(3)));
    expect([subscriber.start!.position, subscriber.story]).toEqual(["1-3", ["1-4"]]);
    expect(hub.needsRead).toBe(false);
  });

  test("are told although the reading fails, where they follow on", () => {
    const { hub, read, attach } = openHub();
    read(reading("1-1"));
    const subscriber = attach();
    hub.suspect();
    hub.beginRead();
    hub.receive(logged(2));
    hub.endRead(undefined);
    expect(subscriber.story).toEqual(["1-2"]);
    expect(hub.needsRead).toBe(true);
  });

  test("are a bounded number; what is left out is read once more", () => {
    const { hub, attach } = openHub();
    const subscriber = attach();
    hub.beginRead();
    for (let seq = 2; seq <= heldMessagesMax + 2; seq++) hub.receive(logged(seq));
    hub.endRead(reading("1-1", logged(1)));
    expect(subscriber.ids).toHaveLength(heldMessagesMax);
    expect(hub.needsRead).toBe(true);
  });
});

describe("somebody with an id that is not there yet", () => {
  test("begins with the message that brings it", () => {
    const { hub, read, attach } = openHub();
    read(reading("1-1"));
    const subscriber = attach("1-3");
    expect([subscriber.start, hub.needsRead]).toEqual([undefined, true]);
    hub.receive(logged(2));
    expect(subscriber.start).toBeUndefined();
    hub.receive(logged(3));
    hub.receive(logged(4));
    expect(subscriber.start).toEqual({ position: "1-3", gap: undefined, replay: [] });
    expect(subscriber.story).toEqual(["1-4"]);
  });

  test("has a gap once a reading that began later does not have it, and not before", () => {
    const { hub, read, attach } = openHub();
    read(reading("1-1"));
    hub.suspect();
    hub.beginRead();
    const subscriber = attach("1-3");
    hub.endRead(reading("1-2", logged(2)));
    expect([subscriber.start, hub.needsRead]).toEqual([undefined, true]);
    read(reading("1-2"));
    expect(subscriber.start!.gap).toEqual({ reason: "unknown", requested: "1-3", resumedFrom: "1-2" });
    expect(hub.needsRead).toBe(false);
  });

  test("keeps nobody else waiting, and nothing is read for those who need not wait", () => {
    const { hub, read, attach } = openHub();
    read(reading("1-1", logged(1)));
    expect([attach().start, attach("1-0").start].every(Boolean)).toBe(true);
    expect(hub.needsRead).toBe(false);
    attach("1-9");
    expect(attach("1-0").story).toEqual(["1-1"]);
  });
});

describe("somebody who waits for the first reading", () => {
  test("shares it with those who came before it began, and is no reason for another one", () => {
    const { hub, attach } = openHub();
    const early = attach();
    hub.beginRead();
    const [late, back] = [attach(), attach("1-1")];
    hub.endRead(reading("1-2", logged(1), logged(2)));
    expect([early.start!.position, late.start!.position, back.story]).toEqual(["1-2", "1-2", ["1-2"]]);
    expect(hub.needsRead).toBe(false);
  });

  test("may go as soon as it begins, and counts no longer", () => {
    const { hub, read } = openHub();
    const recorder = createRecorder();
    const attached = hub.attach(undefined, {
      begin(start) {
        recorder.begin(start);
        attached[Symbol.dispose]();
      },
      event: (event) => recorder.event(event),
      gap: (gap) => recorder.gap(gap),
    });
    expect(hub.subscriberCount).toBe(1);
    read(reading("1-1"));
    hub.receive(logged(2));
    expect([recorder.start!.position, recorder.story, hub.subscriberCount]).toEqual(["1-1", [], 0]);
  });
});

describe("an event that can't be encoded", () => {
  const encode = (event: PublishedEvent): Frame => {
    if (event.id === "1-2") throw new Error("not to be encoded");
    return event;
  };

  test("is a gap, live and in a later reading", () => {
    const { hub, read, attach, events } = openHub(encode);
    read(reading("1-1"));
    const subscriber = attach();
    hub.receive(logged(2));
    hub.receive(logged(3));
    const gap = { reason: "unknown", requested: "1-1", resumedFrom: "1-2" };
    expect(subscriber.story).toEqual([gap, "1-3"]);
    expect(events.map(({ kind }) => kind)).toEqual(["failed", "gap", "received"]);
  });

  test("is where a history that is read begins", () => {
    const { read, attach } = openHub(encode);
    read(reading("1-3", logged(1), logged(2), logged(3)));
    expect([attach("1-2").story, attach("1-0").start!.gap?.reason]).toEqual([["1-3"], "expired"]);
  });
});

test("a hole in the log is where a history begins, and a gap for those who stand before it", () => {
  const { hub, read, attach } = openHub();
  read(reading("1-1", logged(1)));
  const subscriber = attach();
  hub.suspect();
  read(reading("1-5", logged(2), logged(5)));
  expect(subscriber.story).toEqual([
    "1-2",
    { reason: "expired", requested: "1-2", resumedFrom: "1-4" },
    "1-5",
  ]);
  expect(attach("1-1").start!.gap?.reason).toBe("expired");
  expect(attach("1-4").story).toEqual(["1-5"]);
});

test("a new epoch is a gap, read or heard of, although its history still has everything", () => {
  const { hub, read, attach } = openHub();
  read(reading("1-1", logged(1)));
  const subscriber = attach();
  hub.suspect();
  read(reading("2-0"));
  expect(subscriber.gaps).toEqual([{ reason: "unknown", requested: "1-1", resumedFrom: "2-0" }]);
  expect([attach("1-1"), attach("2-0")].map(({ start }) => start!.gap?.reason)).toEqual([
    "unknown",
    undefined,
  ]);
  const next = { ...logged(1), id: "3-1", point: at("3-1") };
  hub.receive(next);
  expect([hub.needsRead, hub.positionId]).toEqual([true, "2-0"]);
  read(reading("3-1", next));
  expect(subscriber.story.slice(1)).toEqual([
    { reason: "unknown", requested: "2-0", resumedFrom: "3-0" },
    "3-1",
  ]);
});

test("a history of two epochs begins with the newer one", () => {
  const { read, attach } = openHub();
  const next = { ...logged(1), id: "2-1", point: at("2-1") };
  read(reading("2-1", logged(1), logged(2), next));
  const starts = ["1-0", "1-2", "2-0"].map((after) => attach(after));
  expect(starts.map(({ start, story }) => [start!.gap?.reason, story])).toEqual([
    ["unknown", []],
    ["unknown", []],
    [undefined, ["2-1"]],
  ]);
});

test("an event's age in the ring is that which it has in Redis", () => {
  const { hub, read, attach } = openHub();
  const old = { ...logged(1), atMs: 1_000 };
  read({ ...reading("1-2", old, { ...logged(2), atMs: 500_000 }), nowMs: 600_000 });
  hub.expire(1_000);
  expect(attach("1-0").story).toEqual(["1-1", "1-2"]);
  hub.expire(1_001);
  expect([attach("1-0").start!.gap?.reason, attach("1-1").story]).toEqual(["expired", ["1-2"]]);
});
