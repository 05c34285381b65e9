import type { Store } from "@leftrail/store";
import { changeAs, eachStore, givenTenant } from "@leftrail/store/testing";
import { waitUntil } from "@leftrail/testkit";
import { v7 as uuidv7 } from "uuid";
import { beforeEach, expect, test } from "vitest";
import { fakeEventPublisher, outOfReach } from "../src/events/testing/fake-event-publisher.ts";
import { failuresInARowMax, publishesAtOnceMax, tenantsPerPage } from "../src/scheduler/publish-tick.ts";
import {
  createScheduler,
  retryDelayMaxMs,
  retryDelayMinMs,
  type SchedulerEvent,
} from "../src/scheduler/scheduler.ts";

const periodSeconds = 300;
const periodMs = periodSeconds * 1000;
const noonMs = Date.parse("2026-01-01T12:00:00.000Z");
const noonTick = noonMs / periodMs;

eachStore("the scheduler", (harness) => {
  beforeEach(() => harness().arrange.clear());

  /** A process's scheduler; several on one `events` and `time` are several processes. */
  function open({
    events = fakeEventPublisher(),
    time = { nowMs: noonMs },
    isLeading = true,
    tenants = harness().store.read.tenants,
  } = {}) {
    const told: SchedulerEvent[] = [];
    const scheduler = createScheduler({
      store: { read: { tenants } },
      events,
      periodSeconds,
      now: () => time.nowMs,
      onEvent: (event) => told.push(event),
    });
    if (isLeading) scheduler.lead();
    return { scheduler, events, time, told, kinds: () => told.map(({ kind }) => kind) };
  }
  const ticksOf = ({ published }: ReturnType<typeof fakeEventPublisher>) =>
    published.map(({ data }) => (data as { tick: number }).tick);

  test("tells every active tenant of a tick, and no other, when it happened and which one is next", async () => {
    const active = [await givenTenant(harness().store), await givenTenant(harness().store)];
    await givenTenant(harness().store, { status: "pending" });
    await givenTenant(harness().store, { status: "cancelled" });
    const { scheduler, events, time } = open();
    time.nowMs = noonMs + 17;
    await scheduler.tick();
    expect(events.published.map(({ organizationId }) => organizationId).toSorted()).toEqual(
      active.map(({ id }) => id).toSorted(),
    );
    for (const event of events.published) {
      expect(event).toMatchObject({
        type: "scheduler.tick",
        occurredAt: "2026-01-01T12:00:00.017Z",
        data: { tick: noonTick, at: "2026-01-01T12:00:00.000Z", nextAt: "2026-01-01T12:05:00.000Z" },
      });
    }
  });

  test("leaves out tenants whose stream nobody has opened of late", async () => {
    const [open1, closed] = [await givenTenant(harness().store), await givenTenant(harness().store)];
    const { scheduler, events, kinds } = open();
    events.isOpen = (id) => id !== closed.id;
    await scheduler.tick();
    expect(events.published.map(({ organizationId }) => organizationId)).toEqual([open1.id]);
    expect(kinds()).toEqual(["published"]);
  });

  test("of more tenants than a page holds each is told once, so many at once and no more", async () => {
    const ids = await givenTenants(harness().store, 2 * tenantsPerPage + 3);
    const { scheduler, events } = open();
    let [underWay, most] = [0, 0];
    events.before = async () => {
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay--;
    };
    await scheduler.tick();
    expect(events.published.map(({ organizationId }) => organizationId).toSorted()).toEqual(ids.toSorted());
    expect(most).toBe(publishesAtOnceMax);
  });

  test("publishes a tick once, and the next one at its boundary", async () => {
    await givenTenant(harness().store);
    const { scheduler, events, time } = open();
    for (const afterMs of [0, 1, periodMs - 1, periodMs, periodMs + 1]) {
      time.nowMs = noonMs + afterMs;
      await scheduler.tick();
    }
    expect(ticksOf(events)).toEqual([noonTick, noonTick + 1]);
    expect(events.calls).toBe(2);
  });

  test("does nothing while it does not lead", async () => {
    await givenTenant(harness().store);
    const { scheduler, events, time } = open({ isLeading: false });
    await scheduler.tick();
    scheduler.lead();
    await scheduler.tick();
    scheduler.resign();
    time.nowMs += periodMs;
    await scheduler.tick();
    expect(ticksOf(events)).toEqual([noonTick]);
  });

  test("a change of leader neither doubles a tick nor skips one that is due", async () => {
    await givenTenant(harness().store);
    const one = open();
    const other = open({ ...one, isLeading: false });
    await one.scheduler.tick();
    one.scheduler.resign();
    other.scheduler.lead();
    one.time.nowMs += 1000;
    await other.scheduler.tick();
    one.time.nowMs = noonMs + periodMs + 1000;
    await other.scheduler.tick();
    expect(ticksOf(one.events)).toEqual([noonTick, noonTick + 1]);
    expect(other.kinds()).toEqual(["published", "published"]);
  });

  test("what a leader that was stopped half-way left undone, the next one does", async () => {
    const ids = await givenTenants(harness().store, 5 * publishesAtOnceMax);
    const one = open();
    const other = open({ ...one, isLeading: false });
    one.events.before = () => {
      if (one.events.calls > 2 * publishesAtOnceMax) one.scheduler.resign();
    };
    await one.scheduler.tick();
    expect(one.events.published.length).toBeLessThan(ids.length);
    expect(one.kinds()).toEqual([]);
    other.scheduler.lead();
    await other.scheduler.tick();
    expect(one.events.published.map(({ organizationId }) => organizationId).toSorted()).toEqual(
      ids.toSorted(),
    );
  });

  test("what goes wrong while a leader is stopped, and ticks of the time after, are not its to tell", async () => {
    await givenTenant(harness().store);
    const { scheduler, events, time, kinds } = open();
    events.before = () => {
      scheduler.resign();
      outOfReach();
    };
    await scheduler.tick();
    time.nowMs += 3 * periodMs;
    events.before = () => undefined;
    scheduler.lead();
    await scheduler.tick();
    expect(ticksOf(events)).toEqual([noonTick + 3]);
    expect(kinds()).toEqual(["published"]);
  });

  test("two that both take themselves for the leader make one event", async () => {
    const ids = await givenTenants(harness().store, 20);
    const one = open();
    const other = open(one);
    await Promise.all([one.scheduler.tick(), other.scheduler.tick()]);
    expect(one.events.published).toHaveLength(ids.length);
  });

  test("the tick that was due before it led is published, those missed before are not", async () => {
    await givenTenant(harness().store);
    const { scheduler, events, time, kinds } = open();
    await scheduler.tick();
    time.nowMs = noonMs + 3 * periodMs + 1000;
    await scheduler.tick();
    expect(ticksOf(events)).toEqual([noonTick, noonTick + 3]);
    expect(kinds()).toEqual(["published", "skipped", "published"]);
  });

  test("a run that takes longer than the period is finished, alone, and then comes what is due by then", async () => {
    const ids = await givenTenants(harness().store, 3);
    const { scheduler, events, time, told } = open();
    const gate = Promise.withResolvers<void>();
    events.before = () => gate.promise;
    const first = scheduler.tick();
    await waitUntil(() => events.calls === ids.length, { what: "the publishes to begin" });
    time.nowMs = noonMs + 2 * periodMs;
    const second = scheduler.tick();
    gate.resolve();
    await Promise.all([first, second]);
    expect(ticksOf(events)).toEqual(ids.map(() => noonTick));
    await scheduler.tick();
    expect(new Set(ticksOf(events))).toEqual(new Set([noonTick, noonTick + 2]));
    expect(told).toMatchObject([
      { kind: "published", durationMs: 2 * periodMs },
      { kind: "skipped", ticks: 1 },
      { kind: "published" },
    ]);
  });

  test("one tenant's failure keeps the tick from no other, and it is tried again, ever later, while it is due", async () => {
    const [sick] = await givenTenants(harness().store, 4);
    const { scheduler, events, time, kinds } = open();
    events.before = (id) => (id === sick ? outOfReach() : undefined);
    await scheduler.tick();
    expect(events.published).toHaveLength(3);
    expect(kinds()).toEqual(["failed"]);

    for (let factor = 1; factor <= 128; factor *= 2) {
      const delayMs = Math.min(factor * retryDelayMinMs, retryDelayMaxMs);
      const calls = events.calls;
      time.nowMs += delayMs - 1;
      await scheduler.tick();
      expect(events.calls).toBe(calls);
      time.nowMs += 1;
      await scheduler.tick();
      expect(events.calls).toBe(calls + 4);
    }
    events.before = () => undefined;
    time.nowMs += retryDelayMaxMs;
    await scheduler.tick();
    expect(events.published).toHaveLength(4);
    expect(kinds().at(-1)).toBe("published");
  });

  test("failures without end, with successes between them, keep the tick from nobody else", async () => {
    const ids = await givenTenants(harness().store, 3 * failuresInARowMax);
    const isSick = (id: string) => ids.indexOf(id) % 2 === 0;
    const { scheduler, events } = open();
    events.before = (id) => (isSick(id) ? outOfReach() : undefined);
    await scheduler.tick();
    expect(events.published).toHaveLength(ids.length / 2);
  });

  test("a tick that could not be published to all in time is skipped, and the next one is tried at once", async () => {
    await givenTenant(harness().store);
    const { scheduler, events, time, told } = open();
    events.before = outOfReach;
    await scheduler.tick();
    time.nowMs = noonMs + periodMs;
    events.before = () => undefined;
    await scheduler.tick();
    expect(ticksOf(events)).toEqual([noonTick + 1]);
    expect(told).toMatchObject([{ kind: "failed" }, { kind: "skipped", ticks: 1 }, { kind: "published" }]);
  });

  test("a broker that is out of reach is not asked for every tenant", async () => {
    await givenTenants(harness().store, tenantsPerPage + 1);
    const { tenants } = harness().store.read;
    let pages = 0;
    const list: typeof tenants.list = (query, page) => {
      pages++;
      return tenants.list(query, page);
    };
    const { scheduler, events, kinds } = open({ tenants: { ...tenants, list } });
    events.before = outOfReach;
    await scheduler.tick();
    expect(pages).toBe(1);
    expect(events.calls).toBeGreaterThanOrEqual(failuresInARowMax);
    expect(events.calls).toBeLessThan(failuresInARowMax + publishesAtOnceMax);
    expect(kinds()).toEqual(["failed"]);
  });
});

async function givenTenants(store: Store, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => uuidv7());
  const [first = ""] = ids;
  await changeAs(store, first, async (tx) => {
    for (const id of ids) {
      await tx.write.tenants.insert({ id, slug: `t-${id}`, name: "x", parentTenantId: null });
      await tx.write.tenants.setStatus(id, "active");
    }
  });
  return ids;
}
