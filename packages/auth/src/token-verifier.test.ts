import { describe, expect, test, vi } from "vitest";
import { createIssuer, defaultUserId, ManualClock, startAuth, startJwksServer } from "../test/fixture.ts";
import { jwksRefreshMs } from "./keyset.ts";
import { createTokenVerifier } from "./token-verifier.ts";

const unauthenticated = { code: "unauthenticated" };

async function startTwoIssuers() {
  const clock = new ManualClock();
  const stack = new AsyncDisposableStack();
  const one = await createIssuer({ issuer: "https://one.test", audience: "a", clock: clock.now });
  const two = await createIssuer({ issuer: "https://two.test", audience: "b", clock: clock.now });
  await one.rotate({ kid: "shared" });
  await two.rotate({ kid: "shared" });
  const oneServer = stack.use(await startJwksServer(one));
  const twoServer = stack.use(await startJwksServer(two));
  const verifier = createTokenVerifier({
    issuers: [
      { issuer: one.issuer, jwksUrl: oneServer.url, audience: ["x", "a"] },
      { issuer: two.issuer, jwksUrl: twoServer.url, audience: "b" },
    ],
    internalEmailDomains: [],
    clock: clock.now,
  });
  return {
    clock,
    one,
    two,
    oneServer,
    twoServer,
    verifier,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe("several issuers", () => {
  test("verify each its own tokens, though they share a kid", async () => {
    await using auth = await startTwoIssuers();
    expect((await auth.verifier.verify(await auth.one.sign())).userId).toBe(defaultUserId);
    expect((await auth.verifier.verify(await auth.two.sign())).userId).toBe(defaultUserId);
    expect((await auth.verifier.verify(await auth.one.sign({ aud: ["y", "x"] }))).userId).toBe(defaultUserId);
  });

  test("never verify one another's: neither the key nor the audience of one serves the other", async () => {
    await using auth = await startTwoIssuers();
    await auth.verifier.tick(auth.clock.nowMs);
    const crossed = [
      await auth.one.sign({ iss: auth.two.issuer, aud: "b" }),
      await auth.two.sign({ iss: auth.one.issuer, aud: "a" }),
      await auth.one.sign({ iss: auth.two.issuer, aud: "b" }, { header: { kid: undefined } }),
      await auth.one.sign({ aud: "b" }),
      await auth.two.sign({ aud: "a" }),
    ];
    for (const token of crossed)
      await expect(auth.verifier.verify(token)).rejects.toMatchObject(unauthenticated);
  });

  test("fail apart: one that is down is 503 for its own tokens only, and the service is ready", async () => {
    await using auth = await startTwoIssuers();
    auth.twoServer.behaviour = "error";
    expect(auth.verifier.ready()).toBe(false);
    expect(auth.verifier.jwksAgeSeconds()).toEqual(new Map());
    await auth.verifier.tick(auth.clock.nowMs);
    expect(auth.verifier.ready()).toBe(true);
    auth.clock.nowMs += 2_500;
    expect(auth.verifier.issuerStates()).toEqual([
      { issuer: auth.one.issuer, state: "fresh", jwksAgeSeconds: 2.5 },
      { issuer: auth.two.issuer, state: "pending", jwksAgeSeconds: null },
    ]);
    expect(auth.verifier.jwksAgeSeconds()).toEqual(new Map([[auth.one.issuer, 2.5]]));
    expect((await auth.verifier.verify(await auth.one.sign())).userId).toBe(defaultUserId);
    await expect(auth.verifier.verify(await auth.two.sign())).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a started verifier", () => {
  test("has its keys before the first token comes", async () => {
    await using auth = await startAuth();
    const ticking = auth.verifier.start();
    await vi.waitFor(() => expect(auth.verifier.ready()).toBe(true));
    await auth.verifier.verify(await auth.issuer.sign());
    expect(auth.server.requests).toBe(1);
    ticking[Symbol.dispose]();
  });

  test("ticks on its timer until it is disposed", async () => {
    const timers: { intervalMs: number; run: () => void; isLive: boolean }[] = [];
    await using auth = await startAuth({
      every: (intervalMs, run) => {
        const timer = { intervalMs, run, isLive: true };
        timers.push(timer);
        return { [Symbol.dispose]: () => void (timer.isLive = false) };
      },
    });
    const ticking = auth.verifier.start();
    await vi.waitFor(() => expect(auth.verifier.ready()).toBe(true));
    auth.clock.nowMs += jwksRefreshMs;
    timers[0]?.run();
    await vi.waitFor(() => expect(auth.events).toHaveLength(2));
    expect(auth.server.requests).toBe(2);
    ticking[Symbol.dispose]();
    expect(timers).toMatchObject([{ intervalMs: 1_000, isLive: false }]);
  });
});

describe("events", () => {
  test("tell what happened, and never a token or a claim", async () => {
    await using auth = await startAuth();
    const token = await auth.issuer.sign({ email: "alice@example.com" });
    await auth.verifier.verify(token);
    await auth.verifier.verify(token);
    auth.server.behaviour = "error";
    await auth.tickAfter(jwksRefreshMs);
    const issuer = auth.issuer.issuer;
    expect(auth.events).toEqual([
      { kind: "token_cache_miss" },
      { kind: "jwks_refreshed", issuer, changed: true, usableKeys: 1, durationMs: 0 },
      { kind: "token_cache_hit" },
      { kind: "jwks_failed", issuer, reason: "Error: the JWKS URL answered 500", durationMs: 0 },
    ]);
  });
});
