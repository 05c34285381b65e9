import { allScope, orgScope, userScope } from "@leftrail/cache-keys";
import { createEpochTable } from "@leftrail/read-cache";
import { expect, test } from "vitest";
import { createUserChanges } from "./user-changes.ts";

const start = () => {
  const table = createEpochTable();
  const proof = { ageMs: 0 };
  return { table, proof, changes: createUserChanges(table, { proofAgeMs: () => proof.ageMs }) };
};

test.each([
  ["what is said of the user", [userScope("me")], true],
  ["what is said of all", [allScope], true],
  ["what is said of others", [userScope("another"), orgScope("me")], false],
  ["nothing", [], false],
])("a user has changed by %s: %o is %s", (_what, scopes, isChanged) => {
  const { table, changes } = start();
  const held = changes.hold("me");
  const moment = changes.moment();
  table.forget(scopes);
  expect(changes.isChangedSince(held, moment)).toBe(isChanged);
  expect(changes.isChangedSince(held, changes.moment())).toBe(false);
});

test("where something may have been missed everybody has changed", () => {
  const { table, changes } = start();
  const held = changes.hold("me");
  const moment = changes.moment();
  table.forgetAll();
  expect(changes.isChangedSince(held, moment)).toBe(true);
});

test("changes are heard of while the relay's proof is young", () => {
  const { proof, changes } = start();
  expect(changes.areHeard()).toBe(true);
  proof.ageMs = 500;
  expect(changes.areHeard()).toBe(true);
  proof.ageMs = 501;
  expect(changes.areHeard()).toBe(false);
  proof.ageMs = Number.POSITIVE_INFINITY;
  expect(changes.areHeard()).toBe(false);
});

test("who is watched no longer takes no room", () => {
  const { table, changes } = start();
  const held = [changes.hold("me"), changes.hold("me"), changes.hold("another")];
  for (const user of held) changes.release(user);
  expect(table.size).toBe(0);
});
