import { waitUntil } from "@leftrail/testkit";
import { expect, test } from "vitest";
import {
  answerTimeoutMs,
  databaseTimeoutMs,
  lookAgeMaxMs,
  lookBeginsAtProofAgeMs,
  lookIntervalMs,
} from "../src/limits.ts";
import { loaded, refuse, say, scope, scriptedInstance } from "./scripted-instance.ts";

test("a look that is too old does not cover an entry of Redis, one in time does", async () => {
  const { ask, cache, putEntry, state } = scriptedInstance();
  putEntry("first");
  state.provenAtMs = Number.NEGATIVE_INFINITY;
  await cache.tick();
  state.nowMs += lookAgeMaxMs + 1;
  expect(await ask(say("second"))).toBe("second (miss)");
  putEntry("third");
  state.nowMs += 1;
  await cache.tick();
  state.entry = { ...state.entry!, stamps: (state.epochs = ["user-2", "all-1"]) };
  state.nowMs += lookAgeMaxMs;
  expect(await ask(refuse)).toBe("third (l2)");
});

test("an outbox that a relay empties for others proves nothing here: the database answers", async () => {
  const { ask, cache, hit, putEntry, state } = scriptedInstance();
  putEntry("first");
  state.provenAtMs = Number.NEGATIVE_INFINITY;
  state.hasHeardTheRelay = false;
  await cache.tick();
  expect(await ask(say("second"))).toBe("second (miss)");
  expect(hit()).toBeUndefined();
  state.nowMs += 1;
  expect(await ask(say("third"))).toBe("third (miss)");
});

test("once started it looks at the outbox by itself, until it is disposed of", async () => {
  const { cache, events, state } = scriptedInstance();
  state.provenAtMs = Number.NEGATIVE_INFINITY;
  const looks = () => events.filter(({ kind }) => kind === "looked").length;
  const running = cache.start();
  await waitUntil(() => looks() === 1, { what: "a look" });
  state.nowMs += lookIntervalMs;
  await waitUntil(() => looks() === 2, { what: "another look" });
  running[Symbol.dispose]();
  const other = scriptedInstance();
  other.state.provenAtMs = Number.NEGATIVE_INFINITY;
  using _stillRunning = other.cache.start();
  state.nowMs += lookIntervalMs;
  await waitUntil(() => other.events.length === 1, { what: "somebody else's look" });
  expect(looks()).toBe(2);
});

test("what an own look sees while Redis is asked is not served", async () => {
  const { ask, cache, onItsWay, putEntry, state } = scriptedInstance();
  putEntry("old");
  state.provenAtMs -= lookBeginsAtProofAgeMs;
  onItsWay(async () => {
    state.nowMs += 1;
    state.pending = [{ id: 1, scope, reason: "membership", ageMs: 0 }];
    await cache.tick();
  });
  expect(await ask(say("new"))).toBe("new (miss)");
});

test("a request waits for so long in all, however often its read is overtaken", async () => {
  const { ask, table, state } = scriptedInstance();
  let loads = 0;
  const answer = ask(async () => {
    loads++;
    state.nowMs += databaseTimeoutMs / 2;
    table.forget([scope]);
    return loaded("old");
  });
  await expect(answer).rejects.toMatchObject({ code: "unavailable" });
  expect(loads).toBe(Math.ceil(answerTimeoutMs / (databaseTimeoutMs / 2)));
});
