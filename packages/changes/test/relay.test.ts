import type { OutboxLease, OutboxRow } from "@leftrail/store";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import type { Relayed } from "../src/ports.ts";
import { createRelay, type RelayEvent } from "../src/relay.ts";

const rowOf = (id: number, over: Partial<OutboxRow> = {}): OutboxRow => ({
  id,
  scope: `user:${id}`,
  reason: "test",
  ageMs: id,
  ...over,
});

/** A relay between an outbox and a bus that note what is done to them, and fail when the test says so. */
function openRelay() {
  const done: string[] = [];
  const events: RelayEvent[] = [];
  const published: Relayed[] = [];
  const state = {
    nowMs: 1_000_000,
    busMs: 0,
    restarts: 0,
    chore: async (_lease: OutboxLease): Promise<void> => undefined,
    session: "one",
    rows: [] as OutboxRow[],
    isTaken: false,
    failing: new Set<"pending" | "publish" | "beat" | "onPending">(),
    ring: undefined as (() => void) | undefined,
    during: (_what: string): void => undefined,
  };
  const note = (what: string): void => {
    done.push(what);
    state.during(what);
    for (const each of state.failing) if (what.startsWith(each)) throw new Error(`${each} fails`);
  };
  const lease: OutboxLease = {
    async pending(limit) {
      note("pending");
      return state.rows.slice(0, limit);
    },
    async remove(ids, mark) {
      note(ids.length === 0 ? `mark ${mark.session}` : `remove ${ids.length}`);
      state.rows = state.rows.filter(({ id }) => !ids.includes(id));
    },
    announcements: async () => [],
    announced: async () => undefined,
    recordBoundaries: async () => note("boundaries"),
    [Symbol.asyncDispose]: async () => note("release"),
  };
  const relay = createRelay({
    outbox: {
      async tryLead() {
        if (state.isTaken) return undefined;
        note("lead");
        return lease;
      },
      async onPending(listener) {
        note("onPending");
        state.ring = listener;
        return { [Symbol.asyncDispose]: async () => note("stop listening") };
      },
    },
    bus: {
      restart: () => void state.restarts++,
      async now() {
        note("now");
        return ++state.busMs;
      },
      async publish(relayed) {
        note(`publish ${relayed.scopes.length}`);
        published.push(relayed);
        return { session: state.session, number: done.length };
      },
      async beat(provenMs) {
        note(`beat ${provenMs}`);
        return { session: state.session, number: done.length };
      },
    },
    clock: () => state.nowMs,
    chores: [(held) => state.chore(held)],
    onEvent: (event) => events.push(event),
  });
  const kinds = () => events.map(({ kind }) => kind);
  return { relay, state, done, events, kinds, published };
}

describe("a pass", () => {
  test("proves the moment before it looked, and says so when everything is said and taken away", async () => {
    const { relay, state, done } = openRelay();
    state.rows = [rowOf(1), rowOf(2)];
    expect(await relay.pass()).toBe(true);
    expect(done).toEqual(["lead", "boundaries", "now", "pending", "publish 2", "remove 2", "beat 1"]);
  });

  test("that takes several rounds proves the moment before the last one", async () => {
    const { relay, state, done } = openRelay();
    state.rows = Array.from({ length: 1_000 }, (_, id) => rowOf(id));
    await relay.pass();
    expect(done.slice(2)).toEqual("now,pending,publish 1000,remove 1000,now,pending,beat 2".split(","));
  });

  test("says each scope once, and how long the oldest of its rows has waited", async () => {
    const { relay, state, published, events } = openRelay();
    state.rows = [rowOf(1, { scope: "all", ageMs: 5 }), rowOf(2, { scope: "all", ageMs: 90 }), rowOf(3)];
    await relay.pass();
    expect(published).toEqual([{ scopes: ["all", "user:3"], ageMs: 90 }]);
    expect(events).toContainEqual({ kind: "relayed", rows: 3, scopes: 2, ageMs: 90 });
  });

  test("records boundaries five times a second at most", async () => {
    const { relay, state, done } = openRelay();
    for (const passMs of [0, 199, 1, 199, 1]) {
      state.nowMs += passMs;
      await relay.pass();
    }
    expect(done.filter((what) => what === "boundaries")).toHaveLength(3);
  });

  test("keeps where the bus stands when a session begins, also with nothing to take away, and once", async () => {
    const { relay, state, done } = openRelay();
    const marks = () => done.filter((what) => what.startsWith("mark"));
    await relay.pass();
    await relay.pass();
    expect(marks()).toEqual(["mark one"]);
    state.session = "two";
    await relay.pass();
    await relay.pass();
    expect(marks()).toEqual(["mark one", "mark two"]);
    await relay.resign();
    await relay.pass();
    expect(marks()).toEqual(["mark one", "mark two", "mark two"]);
  });

  test("is followed by the leader's chores, which it does not wait for and never begins twice at once", async () => {
    const { relay, state } = openRelay();
    const begun: PromiseWithResolvers<void>[] = [];
    state.chore = (lease) => {
      expect(lease).toBeDefined();
      const chore = Promise.withResolvers<void>();
      begun.push(chore);
      return chore.promise;
    };
    await relay.pass();
    await relay.pass();
    expect(begun).toHaveLength(1);
    begun[0]!.resolve();
    await relay.pass();
    expect(begun).toHaveLength(2);
    state.failing.add("beat");
    begun[1]!.resolve();
    await relay.pass();
    expect(begun).toHaveLength(2);
  });

  test("begins a session on the bus each time it takes the lead, and only then", async () => {
    const { relay, state } = openRelay();
    await relay.pass();
    await relay.pass();
    expect(state.restarts).toBe(1);
    await relay.resign();
    await relay.pass();
    expect(state.restarts).toBe(2);
  });

  test("leaves the lead before its chores are done when it is stopped: nobody relays meanwhile else", async () => {
    const { relay, state, done } = openRelay();
    const chore = Promise.withResolvers<void>();
    state.chore = () => chore.promise;
    const running = relay.start();
    await waitUntil(() => done.some((what) => what.startsWith("beat")), { what: "a pass" });
    const stopped = running[Symbol.asyncDispose]();
    await waitUntil(() => done.includes("release"), { what: "the lead to be left" });
    chore.resolve();
    await stopped;
  });

  test("does nothing where another leads", async () => {
    const { relay, state, done, kinds } = openRelay();
    state.isTaken = true;
    expect(await relay.pass()).toBe(false);
    expect([done, kinds()]).toEqual([[], []]);
  });
});

describe("a failure", () => {
  test("of the bus keeps the rows and the lead; after five in a row others may lead", async () => {
    const { relay, state, done, kinds } = openRelay();
    state.rows = [rowOf(1)];
    state.failing.add("publish");
    for (let pass = 1; pass <= 4; pass++) expect(await relay.pass()).toBe(false);
    expect(done).not.toContain("release");
    state.failing.clear();
    expect(await relay.pass()).toBe(true);
    expect(done.filter((what) => what === "lead")).toHaveLength(1);
    state.failing.add("beat");
    for (let pass = 1; pass <= 4; pass++) await relay.pass();
    expect(done).not.toContain("release");
    await relay.pass();
    expect(done.at(-1)).toBe("release");
    expect(kinds().filter((kind) => kind === "resigned")).toHaveLength(1);
    await relay.pass();
    expect(done.filter((what) => what === "lead")).toHaveLength(2);
    for (let pass = 1; pass <= 3; pass++) await relay.pass();
    expect(done.filter((what) => what === "release")).toHaveLength(1);
  });

  test("of the outbox gives the lead up at once, and counts not against the bus", async () => {
    const { relay, state, done, events } = openRelay();
    state.failing.add("beat");
    for (let pass = 1; pass <= 4; pass++) await relay.pass();
    state.failing = new Set(["pending"]);
    expect(await relay.pass()).toBe(false);
    expect(done.at(-1)).toBe("release");
    expect(events.at(-2)).toMatchObject({
      kind: "failed",
      where: "outbox",
      error: new Error("pending fails"),
    });
    state.failing = new Set(["beat"]);
    for (let pass = 1; pass <= 4; pass++) await relay.pass();
    expect(done.filter((what) => what === "release")).toHaveLength(1);
  });

  test("is told with its cause, and where it was", async () => {
    const { relay, state, events } = openRelay();
    state.failing.add("publish");
    state.rows = [rowOf(1)];
    await relay.pass();
    expect(events.at(-1)).toEqual({ kind: "failed", where: "bus", error: new Error("publish fails") });
  });
});

describe("once started", () => {
  const beats = (done: readonly string[]) => done.filter((what) => what.startsWith("beat")).length;

  test("it goes on by itself, and when it stops it neither leads nor listens", async () => {
    const { relay, done } = openRelay();
    const running = relay.start();
    await waitUntil(() => beats(done) >= 3, { what: "some passes" });
    await running[Symbol.asyncDispose]();
    expect(done.slice(-2)).toEqual(["stop listening", "release"]);
    expect(done.filter((what) => what === "lead")).toHaveLength(1);
  });

  const ringsInARow = 20;

  test("a bell that rings during a wait ends the wait", async () => {
    const { relay, state, done } = openRelay();
    await using _running = relay.start();
    await waitUntil(() => beats(done) > 0 && state.ring !== undefined, { what: "the first pass" });
    const before = beats(done);
    const startedMs = performance.now();
    for (let rings = 1; rings <= ringsInARow; rings++) {
      state.ring!();
      await waitUntil(() => beats(done) >= before + rings, { what: "the next pass", intervalMs: 1 });
    }
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test("one that rings during a pass is heard after it", async () => {
    const { relay, state, done } = openRelay();
    state.during = (what) => {
      if (what.startsWith("beat") && beats(done) <= ringsInARow) state.ring!();
    };
    const startedMs = performance.now();
    await using _running = relay.start();
    await waitUntil(() => beats(done) > ringsInARow, { what: "the passes", intervalMs: 1 });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test("it stops at once, though its next pass were not due for long", async () => {
    const { relay, state } = openRelay();
    state.isTaken = true;
    const running = relay.start();
    await waitUntil(() => state.ring, { what: "the first pass" });
    const startedMs = performance.now();
    await running[Symbol.asyncDispose]();
    expect(performance.now() - startedMs).toBeLessThan(250);
  });

  test("one ring is one pass, not many", async () => {
    const { relay, state, done } = openRelay();
    await using _running = relay.start();
    await waitUntil(() => beats(done) > 0 && state.ring !== undefined, { what: "the first pass" });
    state.ring!();
    const startedMs = performance.now();
    const before = beats(done);
    await waitUntil(() => beats(done) >= before + 3, { what: "some passes", intervalMs: 1 });
    expect(performance.now() - startedMs).toBeGreaterThan(100);
  });

  test("a leader whose bus fails tries again as soon as one that succeeds, a standby takes its time", async () => {
    const { relay, state, events } = openRelay();
    state.failing.add("beat");
    await using _running = relay.start();
    const failures = () => events.filter(({ kind }) => kind === "failed").length;
    await waitUntil(() => failures() >= 1, { what: "a failure", intervalMs: 1 });
    const startedMs = performance.now();
    await waitUntil(() => failures() >= 3, { what: "more failures", intervalMs: 1 });
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  test("listening is tried again until it succeeds, and the passes do not wait for it", async () => {
    const { relay, state, done } = openRelay();
    state.failing.add("onPending");
    await using _running = relay.start();
    await waitUntil(() => beats(done) >= 2, { what: "passes without a bell" });
    expect(state.ring).toBeUndefined();
    state.failing.clear();
    await waitUntil(() => state.ring, { what: "the bell" });
  });
});
