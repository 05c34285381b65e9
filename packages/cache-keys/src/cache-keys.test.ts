import { describe, expect, test } from "vitest";
import {
  allScope,
  apiKeyProofKey,
  catalogScope,
  changesStreamKey,
  epochKey,
  eventChannel,
  eventHeadKey,
  eventIdKey,
  eventLogKey,
  featuresRead,
  isScope,
  organizationsRead,
  orgScope,
  productsRead,
  relayMarkKey,
  streamTicketKey,
  userScope,
} from "./index.ts";

const user = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";
const org = "0192f3a4-7b1c-7def-8a9b-000000000001";

describe("the keys of the three reads", () => {
  test("are those of the contract, byte for byte", () => {
    expect(organizationsRead(user).key).toBe(`orgs:${user}`);
    expect(featuresRead(org, user).key).toBe(`features:${org}:${user}`);
    expect(productsRead(org, user).key).toBe(`products:${org}:${user}`);
  });

  test("organizations depend on their user; features and products also on the organization and the catalog", () => {
    expect(organizationsRead(user).scopes).toEqual([userScope(user), allScope]);
    const scopes = [userScope(user), orgScope(org), catalogScope, allScope];
    expect(featuresRead(org, user).scopes).toEqual(scopes);
    expect(productsRead(org, user).scopes).toEqual(scopes);
  });
});

test("no two of all keys are the same, whoever has the same id", () => {
  const keys = [
    organizationsRead(user).key,
    featuresRead(user, user).key,
    productsRead(user, user).key,
    epochKey(userScope(user)),
    epochKey(orgScope(user)),
    epochKey(catalogScope),
    epochKey(allScope),
    apiKeyProofKey(user),
    changesStreamKey,
    relayMarkKey,
    streamTicketKey(user),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("all keys of an organization's events are in one slot of a cluster, by its id", () => {
  expect(eventHeadKey(org)).toBe(`events:{${org}}:head`);
  expect(eventLogKey(org)).toBe(`events:{${org}}:log`);
  expect(eventIdKey(org, "c2hh")).toBe(`events:{${org}}:key:c2hh`);
  expect(eventChannel(org)).toBe(`events:{${org}}`);
});

test.each([userScope(user), orgScope(org), catalogScope, allScope])("%s is a scope", (scope) => {
  expect(isScope(scope)).toBe(true);
});

test.each(["", "user:", "org", "users:1", "user:a b", "org:a:b", "all "])("%j is none", (text) => {
  expect(isScope(text)).toBe(false);
});
