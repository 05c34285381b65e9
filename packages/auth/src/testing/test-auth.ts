import { randomUUID } from "node:crypto";
import { createIssuer, startJwksServer, supabaseClaims, type Claims } from "@leftrail/testkit";
import { createTokenVerifier, type TokenVerifier } from "../token-verifier.ts";

/** A person of a test. */
export interface TestUser {
  readonly userId: string;
  readonly roles?: readonly string[];
  readonly email?: string;
  /** Claims over those of an ordinary token. */
  readonly claims?: Claims;
}

/** A real issuer behind a real JWKS URL, and the verifier that trusts it. */
export interface TestAuth extends AsyncDisposable {
  readonly verifier: TokenVerifier;
  /** AUTH_ISSUERS of a process that is to trust it too. */
  readonly setting: string;
  /** The value of an Authorization header. */
  bearer(user: TestUser): Promise<string>;
}

export async function startTestAuth(): Promise<TestAuth> {
  const issuer = await createIssuer();
  const server = await startJwksServer(issuer);
  const issuers = [{ issuer: issuer.issuer, audience: issuer.audience, jwksUrl: server.url }];
  const verifier = createTokenVerifier({
    issuers,
    internalEmailDomains: ["leftrail.dev"],
    clock: Date.now,
  });
  await verifier.tick(Date.now());
  return {
    verifier,
    setting: JSON.stringify(issuers),
    async bearer({ userId, roles = [], email = "somebody@example.com", claims = {} }) {
      const token = await issuer.sign({ ...supabaseClaims({ userId, email, roles }), ...claims });
      return `Bearer ${token}`;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export const newUser = (): TestUser => ({ userId: randomUUID() });
