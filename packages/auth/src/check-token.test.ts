import { ProblemError } from "@leftrail/contract";
import { createHmac, createPublicKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createIssuer,
  defaultUserId,
  forge,
  keycloakClaims,
  startAuth,
  startJwksServer,
  supabaseClaims,
} from "../test/fixture.ts";
import type { AuthFixture, Issuer, SignOptions } from "../test/fixture.ts";
import { tokenBytesMax } from "./check-token.ts";
import { unauthenticatedDetail } from "./unauthenticated.ts";

let auth: AuthFixture;
/** Someone else, who names himself like the trusted issuer. */
let impostor: Issuer;

beforeAll(async () => {
  auth = await startAuth({}, { algorithms: ["RS256", "EdDSA", "ES256"] });
  impostor = await createIssuer({ clock: auth.clock.now });
  await auth.verifier.tick(auth.clock.nowMs);
});
afterAll(() => auth[Symbol.asyncDispose]());

const claimsNow = () => ({
  iss: auth.issuer.issuer,
  aud: "authenticated",
  sub: defaultUserId,
  exp: auth.clock.nowSeconds + 60,
});

/** Everything a caller or a log could see of a refusal. */
async function refusal(token: string) {
  const error = await auth.verifier.verify(token).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProblemError)) throw new Error("the token was accepted");
  return { body: error.toProblem("r"), retryAfterSeconds: error.retryAfterSeconds, cause: error.cause };
}

async function expectRefused(token: string): Promise<void> {
  const { body, retryAfterSeconds, cause } = await refusal(token);
  expect(body).toEqual({
    type: "urn:leftrail:problem:unauthenticated",
    title: "Unauthenticated",
    status: 401,
    detail: unauthenticatedDetail,
    code: "unauthenticated",
    instance: "urn:leftrail:request:r",
  });
  expect(retryAfterSeconds).toBeUndefined();
  expect(cause).toBeInstanceOf(Error);
  if (token.length > 20) expect(String(cause)).not.toContain(token);
}

describe("a token is accepted", () => {
  test.each(["ES256", "RS256", "EdDSA"] as const)("when signed with %s", async (alg) => {
    const principal = await auth.verifier.verify(await auth.issuer.sign({}, { alg }));
    expect(principal.userId).toBe(defaultUserId);
    expect(principal.expiresAtSeconds).toBe(auth.clock.nowSeconds + 3600);
  });

  test.each<[string, Record<string, unknown>]>([
    ["as Supabase makes it", supabaseClaims()],
    ["as Keycloak makes it", { ...keycloakClaims(), aud: ["account", "authenticated"] }],
    ["without a role", { role: undefined }],
    ["with an upper-case sub", { sub: defaultUserId.toUpperCase() }],
  ])("%s", async (_title, claims) => {
    expect((await auth.verifier.verify(await auth.issuer.sign(claims))).userId).toBe(defaultUserId);
  });

  test.each<[string, SignOptions]>([
    ["has no typ", { header: { typ: undefined } }],
    ["has typ at+jwt", { header: { typ: "at+jwt" } }],
    ["has typ application/AT+JWT", { header: { typ: "application/AT+JWT" } }],
    ["has no kid", { header: { kid: undefined } }],
    [
      "has parameters nobody knows",
      { header: { b: 1, jku: "http://127.0.0.1:1/", x5u: "http://127.0.0.1:1/" } },
    ],
  ])("whose header %s", async (_title, options) => {
    expect((await auth.verifier.verify(await auth.issuer.sign({}, options))).userId).toBe(defaultUserId);
  });

  test.each([
    ["exp 4 s ago", { exp: -4 }],
    ["exp 4.5 s ago", { exp: -4.5 }],
    ["nbf in 5 s", { nbf: 5 }],
    ["iat in an hour", { iat: 3600 }],
  ])("within the clock tolerance: %s", async (_title, offsets) => {
    expect((await auth.verifier.verify(await auth.issuer.sign(fromNow(offsets)))).userId).toBe(defaultUserId);
  });

  test("of exactly 8 KiB, and refused with one byte more", async () => {
    expect(tokenBytesMax).toBe(8192);
    expect((await auth.verifier.verify(await tokenOfLength(8192))).userId).toBe(defaultUserId);
    await expectRefused(await tokenOfLength(8193));
  });
});

describe("the same 401 for a token", () => {
  test.each<[string, Record<string, unknown>]>([
    ["without iss", { iss: undefined }],
    ["without aud", { aud: undefined }],
    ["without exp", { exp: undefined }],
    ["without sub", { sub: undefined }],
    ["of another issuer", { iss: "https://issuer.test/" }],
    ["with a list as iss", { iss: ["https://issuer.test"] }],
    ["for another audience", { aud: "anon" }],
    ["for several other audiences", { aud: ["a", "b"] }],
    ["for no audience", { aud: [] }],
    ["with an object as aud", { aud: { authenticated: true } }],
    ["whose sub is no UUID", { sub: "alice" }],
    ["whose role is anon", { role: "anon" }],
    ["whose role is null", { role: null }],
    ["whose exp is a text", { exp: "4102444800" }],
    ["whose nbf is a text", { nbf: "0" }],
  ])("%s", async (_title, claims) => expectRefused(await auth.issuer.sign(claims)));

  test.each([
    ["that expired 5 s ago", { exp: -5 }],
    ["that expired long ago", { exp: -86_400 }],
    ["that becomes valid in 6 s", { nbf: 6 }],
  ])("%s", async (_title, offsets) => expectRefused(await auth.issuer.sign(fromNow(offsets))));

  test.each<[string, SignOptions]>([
    ["with a crit nobody knows", { header: { crit: ["x"], x: 1 } }],
    ["with typ logout+jwt", { header: { typ: "logout+jwt" } }],
    ["with typ JWE", { header: { typ: "JWE" } }],
    ["with a number as typ", { header: { typ: 1 } }],
  ])("%s", async (_title, options) => expectRefused(await auth.issuer.sign({}, options)));

  test("whose claims or signature were altered", async () => {
    const [header, claims, signature] = (await auth.issuer.sign()).split(".");
    const altered = Buffer.from(JSON.stringify({ ...claimsNow(), sub: defaultUserId })).toString("base64url");
    await expectRefused(`${header}.${altered}.${signature}`);
    await expectRefused(`${header}.${claims}.${signature?.replace(/^../, "AA")}`);
    await expectRefused(`${header}.${claims}.${signature}AAAA`);
  });

  test("signed by someone else, under the trusted kid and without one", async () => {
    const [kid] = auth.issuer.kids().slice(-1);
    await expectRefused(await impostor.sign({}, { header: { kid } }));
    await expectRefused(await impostor.sign({}, { header: { kid: undefined } }));
    await expectRefused(await impostor.sign());
  });

  test("that brings or points to its own key, which is never fetched", async () => {
    await using server = await startJwksServer(impostor);
    const [jwk] = impostor.jwks().keys;
    const kid = impostor.kids()[0];
    for (const header of [
      { jwk },
      { jku: server.url },
      { x5u: server.url },
      { jku: server.url, jwk, kid: undefined },
    ]) {
      await expectRefused(await impostor.sign({}, { header: { kid, ...header } }));
    }
    expect(server.requests).toBe(0);
  });

  test.each(["none", "None", "NONE", ""])("with alg %j and no signature", async (alg) => {
    await expectRefused(forge({ alg, typ: "JWT" }, claimsNow(), () => ""));
    await expectRefused(forge({ alg, typ: "JWT" }, claimsNow(), () => "AA"));
  });

  test.each(["HS256", "HS384", "HS512"])("of alg %s with a public key as the secret", async (alg) => {
    for (const jwk of auth.issuer.jwks().keys) {
      const publicKey = createPublicKey({ key: asNodeJwk(jwk), format: "jwk" });
      const secrets = [
        publicKey.export({ type: "spki", format: "pem" }),
        publicKey.export({ type: "spki", format: "der" }),
        JSON.stringify(jwk),
      ];
      for (const secret of secrets) {
        const hash = alg.replace("HS", "sha");
        const token = forge({ alg, kid: jwk.kid, typ: "JWT" }, claimsNow(), (input) =>
          createHmac(hash, secret).update(input).digest("base64url"),
        );
        await expectRefused(token);
      }
    }
  });

  test.each(["RS384", "PS256", "ES384", "ES512", "Ed25519", "es256", "toString", 7, null])(
    "of alg %j",
    async (alg) => {
      const kid = auth.issuer.kids()[0];
      await expectRefused(forge({ alg, kid, typ: "JWT" }, claimsNow(), () => "AA".repeat(43)));
    },
  );

  test.each([
    "",
    ".",
    "..",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "a.b.c.d.e",
    "e30.e30.e30",
    "bnVsbA.bnVsbA.AA",
    "W10.W10.AA",
    "not a token",
    "st_abcdefghijklmnop",
    "\u0000",
    "é".repeat(100),
    "a".repeat(1_000_000),
    `${"a".repeat(3000)}.${"b".repeat(3000)}.${"c".repeat(3000)}`,
  ])("that is garbage: %.40j", (token) => expectRefused(token));
});

const fromNow = (offsets: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(offsets).map(([name, seconds]) => [name, auth.clock.nowSeconds + seconds]),
  );

/** Base64url skips some lengths, so both the header and the claims are padded. */
async function tokenOfLength(length: number): Promise<string> {
  for (const headerPad of ["", "a", "ab"]) {
    const padded = (claimsPad: number) =>
      auth.issuer.sign({ pad: "x".repeat(claimsPad) }, { alg: "ES256", header: { pad: headerPad } });
    const estimate = Math.floor(((length - (await padded(0)).length) * 3) / 4);
    for (const claimsPad of [estimate - 1, estimate, estimate + 1]) {
      const token = await padded(claimsPad);
      if (token.length === length) return token;
    }
  }
  throw new Error(`no token of ${length} characters could be made`);
}

/** The two declarations of a JWK differ only in the index signature. */
const asNodeJwk = (jwk: object) => ({ ...jwk }) as Record<string, string>;
