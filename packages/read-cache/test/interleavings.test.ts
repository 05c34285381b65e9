import { allScope } from "@leftrail/cache-keys";
import { ProblemError } from "@leftrail/contract";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { lookBeginsAtProofAgeMs, proofAgeMaxMs, rereadsMax, staleMaxMs, ttlMs } from "../src/limits.ts";
import { loaded, refuse, say, scope, scriptedInstance } from "./scripted-instance.ts";

describe("what Redis said before an invalidation that was heard before its answer came", () => {
  test("is not served, and its epochs are not taken for those of now", async () => {
    const { ask, hit, putEntry, onItsWay, invalidate } = scriptedInstance();
    putEntry("old");
    onItsWay(() => {
      onItsWay(undefined);
      invalidate();
    });
    expect(await ask(say("new"))).toBe("new (miss)");
    expect(hit()).toBe("new");
  });

  test("is not served either when that goes on and on", async () => {
    const { ask, hit, asked, putEntry, onItsWay, table } = scriptedInstance();
    putEntry("old");
    onItsWay(() => table.forget([scope]));
    expect(await ask(say("new"))).toBe("new (miss)");
    expect(asked).toHaveLength(1 + rereadsMax);
    expect(hit()).toBeUndefined();
  });
});

test("Redis that fails while it is asked is as good as none: the database answers", async () => {
  const { ask, onItsWay } = scriptedInstance();
  onItsWay(() => Promise.reject(new Error("the connection was lost")));
  expect(await ask(say("new"))).toBe("new (miss)");
});

test("Redis is told what is known of the epochs, and that it counts only while it is proven", async () => {
  const { ask, asked, state } = scriptedInstance();
  await ask(say("first"));
  state.nowMs += ttlMs;
  state.provenAtMs = state.nowMs - proofAgeMaxMs;
  await ask(say("second"));
  state.nowMs += 1;
  await ask(say("third"));
  expect(asked).toEqual([
    { epochs: [undefined, undefined], areProven: true },
    { epochs: ["user-1", "all-1"], areProven: true },
    { epochs: ["user-1", "all-1"], areProven: false },
  ]);
});

describe("who asks while the database is read", () => {
  test("never gets the answer of another variant under the same key", async () => {
    const { ask, holdLoad } = scriptedInstance();
    const held = holdLoad();
    const inner = ask(held.load, "internal");
    await waitUntil(held.isRunning, { what: "the first read" });
    expect(await ask(say("for all"))).toBe("for all (miss)");
    held.answer("for internal callers");
    expect(await inner).toBe("for internal callers (miss)");
  });

  test("does not join once an own look has named the scope, though its invalidation has not been heard", async () => {
    const { ask, cache, holdLoad, state } = scriptedInstance();
    state.provenAtMs -= lookBeginsAtProofAgeMs;
    const held = holdLoad();
    const early = ask(held.load);
    await waitUntil(held.isRunning, { what: "the first read" });
    state.nowMs += 1;
    state.pending = [{ id: 1, scope, reason: "membership", ageMs: 0 }];
    await cache.tick();
    const late = ask(say("committed since"));
    held.answer("old");
    expect(await early).toBe("old (miss)");
    expect(await late).toBe("committed since (miss)");
  });

  test("does not join where there are no epochs to compare: what was committed since must show", async () => {
    const { ask, holdLoad, state } = scriptedInstance();
    state.isSharedUsable = false;
    const held = holdLoad();
    const early = ask(held.load);
    await waitUntil(held.isRunning, { what: "the first read" });
    const late = ask(say("committed since"));
    held.answer("old");
    expect(await early).toBe("old (miss)");
    expect(await late).toBe("committed since (miss)");
  });

  test("and hears of a change, without Redis too: who asked reads again", async () => {
    const { ask, holdLoad, state, table } = scriptedInstance();
    state.isSharedUsable = false;
    const held = holdLoad();
    const loads = [held.load, say("new")];
    const answer = ask(() => loads.shift()!());
    await waitUntil(held.isRunning, { what: "the read" });
    table.forget([scope]);
    held.answer("old");
    expect(await answer).toBe("new (miss)");
  });
});

describe("the life of what the database answered", () => {
  test("counts from when it was asked, not from when it answered", async () => {
    const { ask, hit, state } = scriptedInstance();
    await ask(async () => {
      state.nowMs += 100;
      return loaded("first");
    });
    state.nowMs += ttlMs - 101;
    state.provenAtMs = state.nowMs;
    expect(hit()).toBe("first");
    state.nowMs += 1;
    expect(hit()).toBeUndefined();
  });

  test("and so does the time to its boundary", async () => {
    const { ask, hit, state } = scriptedInstance();
    await ask(async () => {
      state.nowMs += 100;
      return loaded("first", 250);
    });
    state.nowMs += 149;
    expect(hit()).toBe("first");
    state.nowMs += 1;
    expect(hit()).toBeUndefined();
    expect(state.entry?.endsAtMs).toBe(state.nowMs);
  });
});

describe("Redis is given", () => {
  test("nothing that was read without its epochs", async () => {
    const { ask, state } = scriptedInstance();
    state.isSharedUsable = false;
    await ask(say("first"));
    expect(state.entry).toBeUndefined();
  });

  test("nothing that was read before what was shown last", async () => {
    const { ask, holdLoad, state } = scriptedInstance();
    const held = holdLoad();
    const early = ask(held.load);
    await waitUntil(held.isRunning, { what: "the first read" });
    state.isSharedUsable = false;
    state.nowMs += 1;
    expect(await ask(say("new"))).toBe("new (miss)");
    held.answer("old");
    expect(await early).toBe("new (miss)");
    expect(state.entry).toBeUndefined();
  });
});

describe("what was shown is not gone back from", () => {
  test("by an entry of Redis that a proof covers which is older than it, however young that is", async () => {
    const { ask, putEntry, state } = scriptedInstance();
    putEntry("old");
    state.isSharedUsable = false;
    expect(await ask(say("new"))).toBe("new (miss)");
    state.isSharedUsable = true;
    state.nowMs += 10;
    expect(await ask(say("new"))).toBe("new (miss)");
  });

  test("by one that covers the moment of the question and not that of the answer", async () => {
    const { ask, holdLoad, putEntry, state } = scriptedInstance();
    putEntry("old");
    state.isSharedUsable = false;
    const held = holdLoad();
    const answer = ask(held.load);
    await waitUntil(held.isRunning, { what: "the read" });
    state.nowMs += 10;
    state.provenAtMs = state.nowMs;
    state.nowMs += 10;
    held.answer("committed after the proof");
    expect(await answer).toBe("committed after the proof (miss)");
    state.isSharedUsable = true;
    expect(await ask(say("new"))).toBe("new (miss)");
  });

  test("by a read of the database that began before Redis gave it", async () => {
    const { ask, holdLoad, putEntry, invalidate, state } = scriptedInstance();
    state.isSharedUsable = false;
    const held = holdLoad();
    const early = ask(held.load);
    await waitUntil(held.isRunning, { what: "the read" });
    state.isSharedUsable = true;
    invalidate({ isHeard: false });
    state.nowMs += 1;
    putEntry("new");
    expect(await ask(refuse)).toBe("new (l2)");
    held.answer("old");
    expect(await early).toBe("new (miss)");
  });

  test("by a Redis that has become an older one since it gave it", async () => {
    const { ask, putEntry, invalidate, state } = scriptedInstance();
    putEntry("old");
    const older = { epochs: state.epochs, entry: state.entry };
    invalidate();
    putEntry("new");
    expect(await ask(refuse)).toBe("new (l2)");
    Object.assign(state, older);
    state.nowMs += 10;
    expect(await ask(say("new"))).toBe("new (miss)");
  });
});

describe("while the database is down", () => {
  const kept = async () => {
    const all = scriptedInstance();
    await all.ask(say("first"));
    all.state.nowMs += proofAgeMaxMs + 1;
    return all;
  };
  const unavailable = expect.objectContaining({ code: "unavailable" });

  test("only that brings back what is kept: any other failure is passed on", async () => {
    const { ask } = await kept();
    for (const failure of [new TypeError("a defect"), new ProblemError("conflict", "no outage")]) {
      await expect(ask(() => Promise.reject(failure))).rejects.toBe(failure);
    }
    expect(await ask(refuse)).toBe("first (stale)");
  });

  test("what an own look proved goes on for 5 minutes after it, though no relay was ever heard", async () => {
    const { ask, cache, state } = scriptedInstance();
    state.provenAtMs = Number.NEGATIVE_INFINITY;
    await cache.tick();
    await ask(say("first"));
    state.nowMs += staleMaxMs;
    expect(await ask(refuse)).toBe("first (stale)");
    state.nowMs += 1;
    await expect(ask(refuse)).rejects.toThrow(unavailable);
  });

  test("what has outlived its own life by 5 minutes does not go on, though all is proven", async () => {
    const { ask, state } = await kept();
    state.entry = undefined;
    state.nowMs += ttlMs + staleMaxMs - proofAgeMaxMs - 1;
    state.provenAtMs = state.nowMs;
    expect(await ask(refuse)).toBe("first (stale)");
    state.nowMs += 1;
    await expect(ask(refuse)).rejects.toThrow(unavailable);
  });

  test("what Redis has other epochs for does not go on, though nothing was heard", async () => {
    const { ask, invalidate } = await kept();
    invalidate({ isHeard: false });
    await expect(ask(refuse)).rejects.toThrow(unavailable);
  });

  test("what was forgotten without a cause goes on once Redis has said so, though it is gone itself by then", async () => {
    const { ask, table, state } = await kept();
    table.forgetAll();
    expect(await ask(refuse)).toBe("first (stale)");
    state.isSharedUsable = false;
    expect(await ask(refuse)).toBe("first (stale)");
    table.forget([allScope]);
    await expect(ask(refuse)).rejects.toThrow(unavailable);
  });

  test("an entry of Redis goes on to its boundary, and not beyond", async () => {
    const { ask, putEntry, state } = scriptedInstance();
    putEntry("first", { freshUntilMs: state.nowMs, endsAtMs: state.nowMs + 5_000 });
    state.nowMs += 4_999;
    expect(await ask(refuse)).toBe("first (stale)");
    state.nowMs += 1;
    await expect(ask(refuse)).rejects.toThrow(unavailable);
  });

  test("no entry of Redis comes back behind what the database itself has shown since the last proof", async () => {
    const { ask, putEntry, state } = scriptedInstance();
    putEntry("old");
    state.isSharedUsable = false;
    expect(await ask(say("new"))).toBe("new (miss)");
    state.isSharedUsable = true;
    await expect(ask(refuse)).rejects.toThrow(unavailable);
    state.provenAtMs = state.nowMs += 1;
    state.entry = { ...state.entry!, freshUntilMs: state.nowMs };
    expect(await ask(refuse)).toBe("old (stale)");
  });
});
