import { orgScope, userScope, type Scope } from "@leftrail/cache-keys";
import { eachStore, givenTenant } from "@leftrail/store/testing";
import { waitUntil } from "@leftrail/testkit";
import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { ChangeBus } from "../src/ports.ts";
import { createRelay, type RelayEvent } from "../src/relay.ts";

/** A bus that keeps what it is told, and fails when the test says so. */
function fakeBus() {
  const said: (readonly Scope[] | "beat")[] = [];
  const bus: ChangeBus & { said: typeof said; failing: "publish" | "beat" | undefined } = {
    said,
    failing: undefined,
    restart: () => undefined,
    now: async () => 0,
    async publish({ scopes }) {
      if (bus.failing === "publish") throw new Error("the bus fails, as it was told to");
      said.push(scopes);
      return { session: "fake", number: said.length };
    },
    async beat() {
      if (bus.failing === "beat") throw new Error("the bus fails, as it was told to");
      said.push("beat");
      return { session: "fake", number: said.length };
    },
  };
  return bus;
}

eachStore("the relay", (harness) => {
  const open = () => {
    const bus = fakeBus();
    const events: RelayEvent[] = [];
    const relay = createRelay({
      outbox: harness().store.outbox,
      bus,
      clock: () => performance.now(),
      onEvent: (event) => events.push(event),
    });
    return { bus, relay, events };
  };
  /** One that leads, and has relayed what other tests left behind. */
  const openLeader = async () => {
    const { arrange } = harness();
    await arrange.clear();
    const opened = open();
    const running = opened.relay.start();
    onTestFinished(() => running[Symbol.asyncDispose]());
    await waitUntil(() => opened.bus.said.includes("beat"), { what: "a first beat" });
    opened.bus.said.length = 0;
    return { ...opened, stop: () => running[Symbol.asyncDispose]() };
  };
  const saidOf = (bus: ReturnType<typeof fakeBus>) =>
    bus.said.flatMap((each) => (each === "beat" ? [] : each));
  const pending = async () => (await harness().store.read.outbox.look(100)).rows;

  test("says what was committed, then takes it out of the outbox, then beats", async () => {
    const { bus } = await openLeader();
    const userId = randomUUID();
    const tenant = await givenTenant(harness().store, { members: { [userId]: "member" } });
    await waitUntil(() => saidOf(bus).includes(userScope(userId)), { what: "the change" });
    expect(new Set(saidOf(bus))).toEqual(new Set([orgScope(tenant.id), userScope(userId)]));
    await waitUntil(async () => (await pending()).length === 0, { what: "the outbox to be empty" });
    const beats = bus.said.length;
    await waitUntil(() => bus.said.length > beats, { what: "the next beat" });
    expect(bus.said.at(-1)).toBe("beat");
  });

  test("is woken by a commit: the change does not wait for the next pass", async () => {
    const { bus } = await openLeader();
    await waitUntil(() => bus.said.length > 2, { what: "some beats" });
    const tenant = await givenTenant(harness().store);
    const beatsBefore = bus.said.length;
    await waitUntil(() => saidOf(bus).includes(orgScope(tenant.id)), { what: "the change", intervalMs: 2 });
    expect(bus.said.length - beatsBefore).toBeLessThan(20);
  });

  test("keeps what the bus did not take, does not beat meanwhile, and says it later", async () => {
    const { bus, events } = await openLeader();
    bus.failing = "publish";
    const tenant = await givenTenant(harness().store);
    await waitUntil(() => events.some((e) => e.kind === "failed" && e.where === "bus"), {
      what: "a failure",
    });
    const beats = bus.said.length;
    await waitUntil(() => events.filter((e) => e.kind === "failed").length > 2, { what: "more failures" });
    expect(bus.said).toHaveLength(beats);
    expect(await pending()).not.toEqual([]);
    bus.failing = undefined;
    await waitUntil(() => saidOf(bus).includes(orgScope(tenant.id)), { what: "the change" });
  });

  test("of two, one leads; when it stops, the other goes on where it was", async () => {
    const { stop } = await openLeader();
    const standby = open();
    const running = standby.relay.start();
    onTestFinished(() => running[Symbol.asyncDispose]());
    expect(await standby.relay.pass()).toBe(false);
    await stop();
    const tenant = await givenTenant(harness().store);
    await waitUntil(() => saidOf(standby.bus).includes(orgScope(tenant.id)), {
      what: "the standby to relay",
    });
  });

  test("a leader whose bus stays out of reach makes room for another", async () => {
    const { bus } = await openLeader();
    bus.failing = "beat";
    const standby = open();
    const running = standby.relay.start();
    onTestFinished(() => running[Symbol.asyncDispose]());
    await waitUntil(() => standby.bus.said.includes("beat"), { what: "the standby to lead" });
  });

  test("takes more rows than one pass holds, and beats only when none is left", async () => {
    const { bus, stop } = await openLeader();
    await stop();
    const { store } = harness();
    const members = Object.fromEntries(
      Array.from({ length: 1_200 }, () => [randomUUID(), "member" as const]),
    );
    await givenTenant(store, { members });
    const { relay, bus: second } = open();
    bus.said.length = 0;
    await waitUntil(() => relay.pass(), { what: "the lead" });
    expect(second.said.length).toBeGreaterThan(2);
    expect(second.said.indexOf("beat")).toBe(second.said.length - 1);
    expect(await pending()).toEqual([]);
    await relay.resign();
  });
});
