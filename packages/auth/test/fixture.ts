import { createIssuer, startJwksServer } from "@leftrail/testkit";
import type { Issuer, IssuerOptions, JwksServer } from "@leftrail/testkit";
import { createTokenVerifier } from "../src/index.ts";
import type { AuthEvent, AuthIssuer, TokenVerifier, TokenVerifierOptions } from "../src/index.ts";

export {
  createIssuer,
  defaultUserId,
  keycloakClaims,
  startJwksServer,
  supabaseClaims,
} from "@leftrail/testkit";
export type { Issuer, JwksBehaviour, JwksServer, SignOptions } from "@leftrail/testkit";

/** A clock that stands still until it is told otherwise. */
export class ManualClock {
  nowMs = Date.UTC(2026, 0, 1);
  readonly now = (): number => this.nowMs;
  get nowSeconds(): number {
    return this.nowMs / 1000;
  }
}

export interface AuthFixture extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly issuer: Issuer;
  readonly server: JwksServer;
  readonly trusted: AuthIssuer;
  readonly verifier: TokenVerifier;
  readonly events: readonly AuthEvent[];
  /** Moves the clock, then ticks the verifier. */
  tickAfter(ms: number): Promise<void>;
}

/** One issuer behind a real HTTP server, and a verifier that trusts it and has fetched nothing. */
export async function startAuth(
  overrides: Partial<TokenVerifierOptions> = {},
  issuerOptions: IssuerOptions = {},
): Promise<AuthFixture> {
  const clock = new ManualClock();
  const issuer = await createIssuer({ clock: clock.now, ...issuerOptions });
  const server = await startJwksServer(issuer);
  const trusted = { issuer: issuer.issuer, jwksUrl: server.url, audience: issuer.audience };
  const events: AuthEvent[] = [];
  const verifier = createTokenVerifier({
    issuers: [trusted],
    internalEmailDomains: ["leftrail.dev"],
    clock: clock.now,
    onEvent: (event) => events.push(event),
    ...overrides,
  });
  return {
    clock,
    issuer,
    server,
    trusted,
    verifier,
    events,
    async tickAfter(ms) {
      clock.nowMs += ms;
      await verifier.tick(clock.nowMs);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A compact JWS of any header and claims, with a signature of the caller's making. */
export function forge(header: unknown, claims: unknown, sign: (input: string) => string): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(input)}`;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
