import { expect, test } from "vitest";
import { areCurrent, createEpochTable, isForgottenSince } from "./epoch-table.ts";

test("a reading begun before an invalidation teaches nothing, one begun after it does", () => {
  const table = createEpochTable();
  const states = table.hold(["user:a", "all"]);
  const before = table.moment();
  table.forget(["user:a"]);
  expect(table.learn(states, ["e1", "e2"], before)).toBe(false);
  expect(areCurrent(states, ["e1", "e2"])).toBe(false);
  expect(table.learn(states, ["e3", "e2"], table.moment())).toBe(true);
  expect(areCurrent(states, ["e3", "e2"])).toBe(true);
});

test("other scopes' invalidations do not matter; forgetting all does", () => {
  const table = createEpochTable();
  const states = table.hold(["user:a"]);
  const before = table.moment();
  table.forget(["user:b", "org:a"]);
  expect(isForgottenSince(states, before)).toBe(false);
  table.forgetAll();
  expect(isForgottenSince(states, before)).toBe(true);
});

test("stamps are current only where every one is the epoch that is known", () => {
  const table = createEpochTable();
  const states = table.hold(["user:a", "all"]);
  expect(areCurrent(states, ["e1", "e2"])).toBe(false);
  expect(areCurrent(states, [])).toBe(false);
  table.learn(states, ["e1", "e2"], table.moment());
  expect(areCurrent(states, ["e1", "e2"])).toBe(true);
  expect(areCurrent(states, ["e1"])).toBe(false);
  expect(areCurrent(states, ["e1", "e1"])).toBe(false);
  expect(areCurrent(states, ["e2", "e1"])).toBe(false);
  table.forget(["all"]);
  expect(areCurrent(states, ["e1", "e2"])).toBe(false);
});

test("what is known is shared by those who hold it, and gone with the last of them", () => {
  const table = createEpochTable();
  const first = table.hold(["user:a"]);
  const second = table.hold(["user:a", "user:b"]);
  table.learn(first, ["e1"], table.moment());
  expect(second[0]?.epoch).toBe("e1");
  table.release(first);
  expect(table.size).toBe(2);
  table.release(second);
  expect(table.size).toBe(0);
  expect(table.hold(["user:a"])[0]?.epoch).toBeUndefined();
});
