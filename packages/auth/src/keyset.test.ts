import { describe, expect, test } from "vitest";
import { defaultUserId, forge, startAuth } from "../test/fixture.ts";
import type { AuthFixture } from "../test/fixture.ts";
import { tokenBytesMax } from "./check-token.ts";
import { jwksCooldownDefaultMs, jwksRefreshMs, jwksStaleMaxMs } from "./keyset.ts";

const unauthenticated = { code: "unauthenticated" };
const unavailable = { code: "unavailable", retryAfterSeconds: 5 };
const lastingClaims = (auth: AuthFixture) => ({ exp: auth.clock.nowSeconds + 14 * 86_400 });

/** Different tokens, each with a kid of its own that the issuer never had. */
const unknownKidTokens = (auth: AuthFixture, count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, n) => auth.issuer.sign({}, { header: { kid: `unknown-${n}` } })),
  );

describe("before the first successful fetch", () => {
  test("the first token fetches the keys", async () => {
    await using auth = await startAuth();
    expect((await auth.verifier.verify(await auth.issuer.sign())).userId).toBe(defaultUserId);
    expect(auth.server.requests).toBe(1);
  });

  test("a plausible token is 503 with Retry-After, garbage is 401 and fetches nothing", async () => {
    await using auth = await startAuth();
    auth.server.behaviour = "error";
    const hopeless = [
      "",
      "a.b.c",
      await auth.issuer.sign({ iss: "https://other.test" }),
      await auth.issuer.sign({ pad: "x".repeat(tokenBytesMax) }),
      await auth.issuer.sign({}, { header: { crit: ["x"], x: 1 } }),
      forge({ alg: "HS256" }, { iss: auth.issuer.issuer }, () => "AA"),
    ];
    for (const token of hopeless) {
      await expect(auth.verifier.verify(token)).rejects.toMatchObject(unauthenticated);
    }
    expect(auth.server.requests).toBe(0);
    await expect(auth.verifier.verify(await auth.issuer.sign())).rejects.toMatchObject(unavailable);
    expect(auth.server.requests).toBe(1);
  });

  test("a failed fetch is retried after the cooldown, not before, however many tokens come", async () => {
    await using auth = await startAuth();
    auth.server.behaviour = "error";
    const token = await auth.issuer.sign();
    const attempts = Array.from({ length: 50 }, () => auth.verifier.verify(token));
    for (const result of await Promise.allSettled(attempts))
      expect(result).toMatchObject({ reason: unavailable });
    auth.server.behaviour = "ok";
    auth.clock.nowMs += jwksCooldownDefaultMs - 1;
    await expect(auth.verifier.verify(token)).rejects.toMatchObject(unavailable);
    expect(auth.server.requests).toBe(1);
    auth.clock.nowMs += 1;
    expect((await auth.verifier.verify(token)).userId).toBe(defaultUserId);
    expect(auth.server.requests).toBe(2);
  });

  test("a tick that failed starts the cooldown too, and the next due tick recovers without a token", async () => {
    await using auth = await startAuth();
    auth.server.behaviour = "garbage";
    await auth.tickAfter(0);
    await expect(auth.verifier.verify(await auth.issuer.sign())).rejects.toMatchObject(unavailable);
    await auth.tickAfter(jwksCooldownDefaultMs - 1);
    expect(auth.server.requests).toBe(1);
    auth.server.behaviour = "ok";
    await auth.tickAfter(1);
    expect(auth.server.requests).toBe(2);
    expect(auth.verifier.ready()).toBe(true);
  });
});

describe("an unknown kid", () => {
  test("fetches the set once for 200 concurrent tokens, all of them 401", async () => {
    await using auth = await startAuth();
    await auth.tickAfter(0);
    const tokens = await unknownKidTokens(auth, 200);
    const results = await Promise.allSettled(tokens.map((token) => auth.verifier.verify(token)));
    for (const result of results) expect(result).toMatchObject({ reason: unauthenticated });
    expect(auth.server.requests).toBe(2);
  });

  test("fetches again only after the cooldown", async () => {
    await using auth = await startAuth({ jwksCooldownMs: 7_000 });
    await auth.tickAfter(0);
    const [first = "", second = "", third = ""] = await unknownKidTokens(auth, 3);
    await expect(auth.verifier.verify(first)).rejects.toMatchObject(unauthenticated);
    auth.clock.nowMs += 6_999;
    await expect(auth.verifier.verify(second)).rejects.toMatchObject(unauthenticated);
    expect(auth.server.requests).toBe(2);
    auth.clock.nowMs += 1;
    await expect(auth.verifier.verify(third)).rejects.toMatchObject(unauthenticated);
    expect(auth.server.requests).toBe(3);
  });

  test("that the issuer has just begun to use is accepted at once, with one fetch for all", async () => {
    await using auth = await startAuth();
    await auth.tickAfter(0);
    await auth.issuer.rotate();
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, n) => auth.issuer.sign({ n })));
    await Promise.all(tokens.map((token) => auth.verifier.verify(token)));
    expect(auth.server.requests).toBe(2);
    await auth.verifier.verify(tokens[0] ?? "");
    expect(auth.events.at(-1)).toEqual({ kind: "token_cache_hit" });
  });

  test("is 401 when the issuer is down, while known keys go on", async () => {
    await using auth = await startAuth();
    await auth.tickAfter(0);
    auth.server.behaviour = "error";
    const [unknown = ""] = await unknownKidTokens(auth, 1);
    await expect(auth.verifier.verify(unknown)).rejects.toMatchObject(unauthenticated);
    expect(auth.server.requests).toBe(2);
    expect((await auth.verifier.verify(await auth.issuer.sign())).userId).toBe(defaultUserId);
  });
});

describe("a tick", () => {
  test("fetches when 5 minutes have passed, not before", async () => {
    await using auth = await startAuth();
    await auth.tickAfter(0);
    await auth.tickAfter(jwksRefreshMs - 1);
    expect(auth.server.requests).toBe(1);
    await auth.tickAfter(1);
    expect(auth.server.requests).toBe(2);
  });

  test("stops a removed key, also for a token that was verified before", async () => {
    await using auth = await startAuth();
    const [oldKid = ""] = auth.issuer.kids();
    const token = await auth.issuer.sign();
    await auth.verifier.verify(token);
    await auth.issuer.rotate();
    auth.issuer.remove(oldKid);
    expect((await auth.verifier.verify(token)).userId).toBe(defaultUserId);
    await auth.tickAfter(jwksRefreshMs);
    await expect(auth.verifier.verify(token)).rejects.toMatchObject(unauthenticated);
    expect((await auth.verifier.verify(await auth.issuer.sign())).userId).toBe(defaultUserId);
  });

  test("that failed is followed by another after the cooldown, not by one each time", async () => {
    await using auth = await startAuth();
    await auth.tickAfter(0);
    auth.server.behaviour = "error";
    await auth.tickAfter(jwksRefreshMs);
    await auth.tickAfter(jwksCooldownDefaultMs - 1);
    expect(auth.server.requests).toBe(2);
    await auth.tickAfter(1);
    expect(auth.server.requests).toBe(3);
  });

  test("that brings an empty set stops every key", async () => {
    await using auth = await startAuth();
    const token = await auth.issuer.sign();
    await auth.verifier.verify(token);
    auth.server.behaviour = { status: 200, body: '{"keys":[]}' };
    await auth.tickAfter(jwksRefreshMs);
    await expect(auth.verifier.verify(token)).rejects.toMatchObject(unauthenticated);
  });
});

describe("an outage", () => {
  test("leaves the last good keys in use for 24 hours, then is 503 until the issuer is back", async () => {
    await using auth = await startAuth();
    await auth.tickAfter(0);
    const cached = await auth.issuer.sign(lastingClaims(auth));
    const other = await auth.issuer.sign({ ...lastingClaims(auth), n: 1 });
    await auth.verifier.verify(cached);
    auth.server.behaviour = "error";
    await auth.tickAfter(jwksStaleMaxMs);
    expect(auth.verifier.issuerStates()).toMatchObject([{ state: "stale", jwksAgeSeconds: 86_400 }]);
    for (const token of [cached, other]) {
      expect((await auth.verifier.verify(token)).userId).toBe(defaultUserId);
    }
    auth.clock.nowMs += 1;
    for (const token of [cached, other]) {
      await expect(auth.verifier.verify(token)).rejects.toMatchObject(unavailable);
    }
    expect(auth.verifier.issuerStates()).toMatchObject([{ state: "expired" }]);
    expect(auth.verifier.ready()).toBe(false);
    auth.server.behaviour = "ok";
    await auth.tickAfter(jwksCooldownDefaultMs);
    expect((await auth.verifier.verify(cached)).userId).toBe(defaultUserId);
    expect(auth.verifier.issuerStates()).toMatchObject([{ state: "fresh", jwksAgeSeconds: 0 }]);
  });

  test.each(["error", "garbage", "redirect", "huge", "hang", "slow"] as const)(
    "of the kind %s leaves the last good keys in use",
    async (behaviour) => {
      await using auth = await startAuth({ jwksTimeoutMs: 100 });
      await auth.tickAfter(0);
      auth.server.behaviour = behaviour;
      await auth.tickAfter(jwksRefreshMs);
      expect(auth.server.requests).toBe(2);
      expect(auth.events.at(-1)).toMatchObject({ kind: "jwks_failed" });
      expect((await auth.verifier.verify(await auth.issuer.sign())).userId).toBe(defaultUserId);
    },
  );

  test("of a server that is gone says so in the event", async () => {
    await using auth = await startAuth();
    await auth.server[Symbol.asyncDispose]();
    await expect(auth.verifier.verify(await auth.issuer.sign())).rejects.toMatchObject(unavailable);
    expect(auth.events.at(-1)).toMatchObject({
      kind: "jwks_failed",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });
});
