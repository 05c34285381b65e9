import { EventEmitter } from "node:events";
import { allScope, catalogScope, epochKey, relayMarkKey, userScope } from "@leftrail/cache-keys";
import type { Redis } from "ioredis";
import { expect, test } from "vitest";
import { decodeMessage } from "../src/messages.ts";
import { createRedisBus } from "../src/redis-bus.ts";

/** A bus to a Redis of which the test sees every command before it takes effect, and may refuse it. */
function openBus() {
  const events = new EventEmitter();
  const values = new Map<string, string>();
  const commands: string[][] = [];
  const state = { before: (_command: readonly string[]): void => undefined };
  const note = (...command: unknown[]): void => {
    const texts = command.map(String);
    commands.push(texts);
    state.before(texts);
  };
  const redis = {
    on: (name: string, listener: () => void) => events.on(name, listener),
    async time() {
      note("time");
      return [5_000, 0];
    },
    async type() {
      return "stream";
    },
    async del(key: string) {
      note("del", key);
      values.delete(key);
    },
    async set(key: string, value: string, ...options: unknown[]) {
      note("set", key, value, ...options);
      const before = values.get(key) ?? null;
      values.set(key, value);
      return options.includes("GET") ? before : "OK";
    },
    async xadd(...args: unknown[]) {
      note("xadd", ...args);
    },
  };
  /** What was said so far, as `kind session number`. */
  const said = () =>
    commands
      .filter(([name]) => name === "xadd")
      .map((command) => decodeMessage(command.slice(command.indexOf("*") + 1))!);
  return {
    bus: createRedisBus(asRedis(redis)),
    values,
    commands,
    state,
    said,
    close: () => void events.emit("close"),
  };
}

/** Holds because the bus uses nothing else of a client. */
const asRedis = (scripted: object): Redis => scripted as unknown as Redis;

const kinds = (bus: ReturnType<typeof openBus>) => bus.said().map(({ kind, number }) => `${kind} ${number}`);
const refuse = (name: string, key: string) => (command: readonly string[]) => {
  if (command[0] === name && command[1] === key) throw new Error(`${name} is refused`);
};

test("a session begins with another epoch of all, and numbers what it says without a gap", async () => {
  const opened = openBus();
  await opened.bus.beat(1);
  await opened.bus.publish({ scopes: [catalogScope], ageMs: 0 });
  await opened.bus.beat(2);
  expect(opened.values.has(epochKey(allScope))).toBe(true);
  expect(kinds(opened)).toEqual(["begin 0", "beat 1", "change 2", "beat 3"]);
  expect(new Set(opened.said().map(({ session }) => session)).size).toBe(1);
});

test.each([
  ["an epoch could not be replaced", refuse("set", epochKey(userScope("a")))],
  ["it could not be said", refuse("xadd", "changes")],
])("a change fails where %s, and the next word begins a session", async (_what, before) => {
  const opened = openBus();
  await opened.bus.beat(1);
  const epoch = opened.values.get(epochKey(allScope));
  opened.state.before = before;
  await expect(opened.bus.publish({ scopes: [userScope("a"), "org:b"], ageMs: 0 })).rejects.toThrow(
    "refused",
  );
  opened.state.before = () => undefined;
  await opened.bus.publish({ scopes: [userScope("a")], ageMs: 0 });
  expect(kinds(opened).slice(-2)).toEqual(["begin 0", "change 1"]);
  expect(opened.values.get(epochKey(allScope))).not.toBe(epoch);
});

test("a connection that is lost while something is said ends the session, though all of it arrived", async () => {
  const opened = openBus();
  await opened.bus.beat(1);
  opened.state.before = ([name]) => {
    if (name === "xadd") opened.close();
  };
  await opened.bus.beat(2);
  opened.state.before = () => undefined;
  await opened.bus.beat(3);
  expect(kinds(opened)).toEqual(["begin 0", "beat 1", "beat 2", "begin 0", "beat 1"]);
});

test("a mark that somebody else wrote ends the session, and nothing is proven on its strength", async () => {
  const opened = openBus();
  await opened.bus.beat(1);
  opened.values.set(relayMarkKey, "another:1");
  await expect(opened.bus.beat(2)).rejects.toThrow("not as the relay left it");
  await opened.bus.beat(3);
  expect(opened.said().flatMap((each) => (each.kind === "beat" ? [each.provenMs] : []))).toEqual([1, 3]);
});

test("what Redis must keep of it is bounded: so many messages, and epochs of users and organizations for a time", async () => {
  const opened = openBus();
  await opened.bus.publish({ scopes: [userScope("a"), "org:b", catalogScope, allScope], ageMs: 0 });
  for (const [name, , ...options] of opened.commands) {
    if (name === "xadd") expect(options.slice(0, 3)).toEqual(["MAXLEN", "~", "10000"]);
  }
  const optionsOf = (key: string) => opened.commands.findLast(([, each]) => each === key)!.slice(3);
  expect(optionsOf(epochKey(userScope("a")))).toEqual(["EX", "600"]);
  expect(optionsOf(epochKey("org:b"))).toEqual(["EX", "600"]);
  // One each: making them anew would make everybody read anew.
  expect(optionsOf(epochKey(catalogScope))).toEqual([]);
  expect(optionsOf(epochKey(allScope))).toEqual([]);
});
