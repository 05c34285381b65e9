import { describe, expect, test } from "vitest";
import { defaultUserId, startAuth } from "../test/fixture.ts";
import { jwksRefreshMs } from "./keyset.ts";

const hits = (events: readonly { kind: string }[]) =>
  events
    .filter(({ kind }) => kind.startsWith("token_cache_"))
    .map(({ kind }) => kind.slice("token_cache_".length));

describe("a token that was verified before", () => {
  test("is answered with the very same principal", async () => {
    await using auth = await startAuth();
    const token = await auth.issuer.sign();
    const principal = await auth.verifier.verify(token);
    // A copy with other storage: it is the text that counts.
    expect(await auth.verifier.verify(Buffer.from(token).toString())).toBe(principal);
    expect(hits(auth.events)).toEqual(["miss", "hit"]);
  });

  test.each([
    ["whole", 60],
    ["fractional", 60.5],
  ])(
    "is served to the end of exp and the tolerance, and not a millisecond longer (%s exp)",
    async (_title, life) => {
      await using auth = await startAuth();
      const token = await auth.issuer.sign({ exp: auth.clock.nowSeconds + life });
      await auth.verifier.verify(token);
      auth.clock.nowMs += (Math.ceil(life) + 5) * 1000 - 1;
      await auth.verifier.verify(token);
      expect(hits(auth.events)).toEqual(["miss", "hit"]);
      auth.clock.nowMs += 1;
      await expect(auth.verifier.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
    },
  );

  test("is verified anew when the set has changed, and not when only its order has", async () => {
    await using auth = await startAuth();
    await auth.issuer.rotate();
    const token = await auth.issuer.sign({ exp: auth.clock.nowSeconds + 86_400 });
    await auth.verifier.verify(token);
    const keys = auth.issuer.jwks().keys.toReversed();
    auth.server.behaviour = { status: 200, body: JSON.stringify({ keys }) };
    await auth.tickAfter(jwksRefreshMs);
    await auth.verifier.verify(token);
    expect(auth.events.findLast(({ kind }) => kind === "jwks_refreshed")).toMatchObject({ changed: false });
    await auth.issuer.rotate();
    auth.server.behaviour = "ok";
    await auth.tickAfter(jwksRefreshMs);
    await auth.verifier.verify(token);
    await auth.verifier.verify(token);
    expect(hits(auth.events)).toEqual(["miss", "hit", "miss", "hit"]);
  });

  test("is forgotten when the cache is full, oldest first", async () => {
    await using auth = await startAuth({ tokensMax: 2 });
    const tokens = await Promise.all([1, 2, 3, 4].map((n) => auth.issuer.sign({ n })));
    for (const token of [...tokens, tokens[3] ?? "", tokens[0] ?? ""]) {
      expect((await auth.verifier.verify(token)).userId).toBe(defaultUserId);
    }
    expect(hits(auth.events)).toEqual(["miss", "miss", "miss", "miss", "hit", "miss"]);
  });

  test("is not remembered when it was refused", async () => {
    await using auth = await startAuth();
    const token = await auth.issuer.sign({ aud: "other" });
    for (let n = 0; n < 2; n += 1) {
      await expect(auth.verifier.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
    }
    expect(hits(auth.events)).toEqual(["miss", "miss"]);
  });
});
