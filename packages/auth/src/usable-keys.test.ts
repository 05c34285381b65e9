import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createIssuer, defaultUserId, forge, startAuth } from "../test/fixture.ts";
import { pickUsableKeys, usableKeysMax } from "./usable-keys.ts";

const rsaKey = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength });
const weakRsa = rsaKey(1024);

/** What stands in real sets, or might, beside the keys that sign. */
const unusableKeys = [
  null,
  7,
  "key",
  [],
  {},
  { kty: "new-kind", kid: "k1" },
  { kty: "oct", k: "c2VjcmV0", kid: "k2", alg: "HS256" },
  { kty: "EC", crv: "P-256", x: "not", y: "a point", kid: "k3", alg: "ES256", use: "sig" },
  { kty: "RSA", kid: "k4" },
  { ...rsaKey(2048).publicKey.export({ format: "jwk" }), kid: "k5", alg: "RSA-OAEP", use: "enc" },
  { ...weakRsa.publicKey.export({ format: "jwk" }), kid: "k6", alg: "RS256", use: "sig" },
  { ...rsaKey(2048).publicKey.export({ format: "jwk" }), kid: "k7", use: "enc" },
];

describe("a set with unusable keys", () => {
  test.each(["ES256", "RS256", "EdDSA"] as const)(
    "verifies %s by its usable keys, kid or not",
    async (alg) => {
      await using auth = await startAuth({}, { algorithms: ["ES256", "RS256", "EdDSA"] });
      const keys = [...unusableKeys, ...auth.issuer.jwks().keys];
      auth.server.behaviour = { status: 200, body: JSON.stringify({ keys }) };
      for (const header of [{}, { kid: undefined }]) {
        const token = await auth.issuer.sign({}, { alg, header });
        expect((await auth.verifier.verify(token)).userId).toBe(defaultUserId);
      }
    },
  );

  test("does not verify with an RSA key below 2048 bits", async () => {
    await using auth = await startAuth();
    auth.server.behaviour = { status: 200, body: JSON.stringify({ keys: unusableKeys }) };
    const claims = { iss: auth.issuer.issuer, aud: "authenticated", sub: defaultUserId, exp: 4_102_444_800 };
    const token = forge({ alg: "RS256", kid: "k6" }, claims, (input) =>
      sign("sha256", Buffer.from(input), weakRsa.privateKey).toString("base64url"),
    );
    await expect(auth.verifier.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

test("only keys that may sign are kept; whether they hold water shows when one is used", () => {
  expect(pickUsableKeys(unusableKeys).map(({ kid }) => kid)).toEqual(["k3", "k4", "k6"]);
});

describe("several keys that fit one token", () => {
  test("are all tried: without a kid, and with one that they share", async () => {
    await using auth = await startAuth();
    await auth.issuer.rotate({ kid: "shared" });
    await auth.issuer.rotate({ kid: "shared" });
    const others = await createIssuer({ clock: auth.clock.now });
    for (const header of [{}, { kid: undefined }]) {
      const token = await auth.issuer.sign({}, { header });
      expect((await auth.verifier.verify(token)).userId).toBe(defaultUserId);
    }
    const firstKidless = await auth.issuer.sign(
      {},
      { kid: auth.issuer.kids()[0] ?? "", header: { kid: undefined } },
    );
    expect((await auth.verifier.verify(firstKidless)).userId).toBe(defaultUserId);
    for (const header of [{ kid: "shared" }, { kid: undefined }]) {
      const token = await others.sign({}, { header });
      await expect(auth.verifier.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });

  test("are limited in number, so that a token without kid stays cheap", () => {
    const keys = Array.from({ length: usableKeysMax + 1 }, (_, n) => ({ kty: "EC", kid: `${n}` }));
    expect(pickUsableKeys(keys.slice(1))).toHaveLength(usableKeysMax);
    expect(() => pickUsableKeys(keys)).toThrow("33 keys for signatures, more than 32");
  });
});
