import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { createIssuer, defaultUserId, keycloakClaims, supabaseClaims } from "./issuer.ts";

const nowMs = Date.UTC(2026, 0, 1);
const clock = (): number => nowMs;

describe("an issuer", () => {
  test.each(["ES256", "RS256", "EdDSA"] as const)("signs with %s what its own set verifies", async (alg) => {
    const issuer = await createIssuer({ algorithms: [alg], clock });
    const keys = createLocalJWKSet({ keys: [...issuer.jwks().keys] });
    const { payload, protectedHeader } = await jwtVerify(await issuer.sign(), keys, {
      currentDate: new Date(nowMs),
    });
    expect(protectedHeader).toEqual({ alg, kid: issuer.kids()[0], typ: "JWT" });
    expect(payload).toEqual({
      iss: "https://issuer.test",
      aud: "authenticated",
      sub: defaultUserId,
      iat: nowMs / 1000,
      exp: nowMs / 1000 + 3600,
      role: "authenticated",
    });
  });

  test.each(["ES256", "RS256", "EdDSA"] as const)("comes back from its exported %s key", async (alg) => {
    const issuer = await createIssuer({ algorithms: [alg], clock });
    const stored = JSON.stringify(await issuer.exportKeys());
    const again = await createIssuer({ keys: JSON.parse(stored), clock });
    expect(again.jwks()).toEqual(issuer.jwks());
    const keys = createLocalJWKSet({ keys: [...issuer.jwks().keys] });
    await jwtVerify(await again.sign(), keys, { currentDate: new Date(nowMs) });
    expect(await again.exportKeys()).toEqual(await issuer.exportKeys());
  });

  test("never publishes a private part", async () => {
    const issuer = await createIssuer({ algorithms: ["ES256", "RS256", "EdDSA"] });
    const again = await createIssuer({ keys: await issuer.exportKeys() });
    for (const key of [...issuer.jwks().keys, ...again.jwks().keys]) {
      for (const member of ["d", "p", "q", "dp", "dq", "qi"]) expect(key).not.toHaveProperty(member);
    }
  });

  test("signs with the newest key after a rotation, and forgets a removed one", async () => {
    const issuer = await createIssuer();
    const [old = ""] = issuer.kids();
    const kid = await issuer.rotate();
    expect(decodeProtectedHeader(await issuer.sign()).kid).toBe(kid);
    issuer.remove(old);
    expect(issuer.jwks().keys.map((key) => key.kid)).toEqual([kid]);
    await expect(issuer.sign({}, { kid: old })).rejects.toThrow("no key");
  });

  test("leaves out a claim or a header parameter that is undefined", async () => {
    const token = await (await createIssuer()).sign({ sub: undefined }, { header: { kid: undefined } });
    expect(decodeJwt(token)).not.toHaveProperty("sub");
    expect(decodeProtectedHeader(token)).not.toHaveProperty("kid");
  });

  test("signs claims in the shape of Supabase and of Keycloak", async () => {
    const issuer = await createIssuer();
    expect(decodeJwt(await issuer.sign(supabaseClaims({ roles: ["x"] })))).toMatchObject({
      role: "authenticated",
      app_metadata: { roles: ["x"] },
    });
    const keycloak = decodeJwt(await issuer.sign(keycloakClaims({ roles: ["x"] })));
    expect(keycloak).not.toHaveProperty("role");
    expect(keycloak).toMatchObject({ realm_access: { roles: expect.arrayContaining(["x"]) } });
  });
});
