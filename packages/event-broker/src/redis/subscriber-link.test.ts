import { expect, test } from "vitest";
import { FakeRedis } from "../../test/fake-redis.ts";
import { pingIntervalMs, pongTicksMin, pongTimeoutMs } from "../limits.ts";
import { createSubscriberLink } from "./subscriber-link.ts";

function openLink() {
  const subscriber = new FakeRedis();
  const happened: string[] = [];
  let nowMs = 0;
  const link = createSubscriberLink({
    subscriber: subscriber.asRedis(),
    clock: () => nowMs,
    onConnected: () => happened.push("connected"),
    onLost: () => happened.push("lost"),
    onMessage: (channel, text) => happened.push(`${channel}: ${text}`),
  });
  const tick = (afterMs: number) => {
    nowMs += afterMs;
    link.tick(nowMs);
  };
  return { subscriber, link, happened, tick };
}

const pongs = () => new Promise((resolve) => setImmediate(resolve));

test("a connection that brings something is not pinged, a silent one is, and lives on with its pong", async () => {
  const { subscriber, tick } = openLink();
  tick(pingIntervalMs - 1);
  subscriber.emit("message", "c", "text");
  tick(pingIntervalMs - 1);
  expect(subscriber.pings).toHaveLength(0);
  tick(1);
  expect(subscriber.pings).toHaveLength(1);
  subscriber.pings[0]!.resolve("PONG");
  await pongs();
  for (let ticks = 0; ticks < pongTicksMin; ticks++) tick(pingIntervalMs / 4);
  expect([subscriber.pings.length, subscriber.cuts]).toEqual([2, 0]);
});

test("without a pong it is cut, once, also when the ping was given up", async () => {
  const { subscriber, link, happened, tick } = openLink();
  tick(pingIntervalMs);
  subscriber.pings[0]!.reject(new Error("Command timed out"));
  await pongs();
  for (let ticks = 0; ticks < pongTicksMin; ticks++) tick(pongTimeoutMs / pongTicksMin);
  expect([subscriber.cuts, link.connection, happened]).toEqual([1, undefined, ["lost"]]);
  for (let ticks = 0; ticks < pongTicksMin; ticks++) tick(pongTimeoutMs);
  subscriber.emit("close");
  subscriber.emit("ready");
  expect([subscriber.cuts, happened]).toEqual([1, ["lost", "connected"]]);
  expect(link.connection).toBeDefined();
});

test("a process that stood still does not blame its connection", () => {
  const { subscriber, tick } = openLink();
  tick(pingIntervalMs);
  tick(60_000);
  expect(subscriber.cuts).toBe(0);
});

test("a message is as good as a pong", () => {
  const { subscriber, tick } = openLink();
  tick(pingIntervalMs);
  for (let ticks = 0; ticks < 2 * pongTicksMin; ticks++) {
    tick(pongTimeoutMs / pongTicksMin);
    subscriber.emit("message", "c", "text");
  }
  expect(subscriber.cuts).toBe(0);
});

test("no subscribing anew is left to the client, whose failure would be nobody's", () => {
  expect(openLink().subscriber.options.autoResubscribe).toBe(false);
});

test("disposed of, it listens no more", () => {
  const { subscriber, link, happened } = openLink();
  link[Symbol.dispose]();
  for (const event of ["close", "ready", "message"]) subscriber.emit(event, "c", "text");
  expect(happened).toEqual([]);
});
