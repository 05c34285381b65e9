import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createIssuer, startJwksServer } from "../test/fixture.ts";
import type { Issuer, JwksBehaviour, JwksServer } from "../test/fixture.ts";
import { fetchJwks, jwksBytesMax } from "./fetch-jwks.ts";

let issuer: Issuer;
let server: JwksServer;
beforeAll(async () => {
  issuer = await createIssuer();
  server = await startJwksServer(issuer);
});
afterAll(() => server[Symbol.asyncDispose]());

function fetchWith(behaviour: JwksBehaviour, timeoutMs = 10_000) {
  server.behaviour = behaviour;
  return fetchJwks({ url: server.url, fetch, timeoutMs, bytesMax: jwksBytesMax });
}

describe("fetchJwks", () => {
  test("returns the keys of a 200", async () => {
    expect(await fetchWith("ok")).toEqual(issuer.jwks().keys);
    expect(await fetchWith({ status: 200, body: '{"keys":[],"more":1}' })).toEqual([]);
  });

  test("follows no redirect", async () => {
    await expect(fetchWith("redirect")).rejects.toThrow("answered 302");
    expect(server.redirectsFollowed).toBe(0);
  });

  test("stops reading a body that has no end", async () => {
    await expect(fetchWith("huge")).rejects.toThrow("larger than 262144 bytes");
  });

  test.each<JwksBehaviour>(["hang", "slow"])(
    "gives up in time on an issuer that is %s",
    async (behaviour) => {
      await expect(fetchWith(behaviour, 50)).rejects.toThrow(/timeout/i);
    },
  );

  test.each<[JwksBehaviour, string]>([
    ["error", "answered 500"],
    ["garbage", "is not JSON"],
    [{ status: 404, body: '{"keys":[]}' }, "answered 404"],
    [{ status: 201, body: '{"keys":[]}' }, "answered 201"],
    [{ status: 200, body: "" }, "is not JSON"],
    [{ status: 200, body: "[]" }, "is not an object"],
    [{ status: 200, body: "null" }, "is not an object"],
    [{ status: 200, body: '{"keys":{}}' }, "is not an object"],
    [{ status: 200, body: '{"error":"x"}' }, "is not an object"],
  ])("refuses %j", async (behaviour, message) => {
    await expect(fetchWith(behaviour)).rejects.toThrow(message);
  });
});
