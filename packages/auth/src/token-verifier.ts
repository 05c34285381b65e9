import { ProblemError } from "@leftrail/contract";
import type { AuthEvent } from "./auth-event.ts";
import type { AuthIssuer } from "./auth-issuers.ts";
import { readClaimedIssuer, verifyClaims } from "./check-token.ts";
import { fetchJwks, jwksBytesMax, jwksTimeoutMs } from "./fetch-jwks.ts";
import { createKeyset, jwksCooldownDefaultMs, jwksRefreshMs, jwksStaleMaxMs } from "./keyset.ts";
import type { Keys, Keyset, KeysetState } from "./keyset.ts";
import { toPrincipal } from "./principal.ts";
import type { Principal } from "./principal.ts";
import { createTokenCache, tokensMax } from "./token-cache.ts";
import { unauthenticated } from "./unauthenticated.ts";

/** How often a started verifier looks whether a set is due. */
const tickIntervalMs = 1_000;

export interface TokenVerifierOptions {
  readonly issuers: readonly AuthIssuer[];
  /** Lower-case, as `parseEmailDomains` returns them. */
  readonly internalEmailDomains: readonly string[];
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly fetch?: typeof fetch;
  /** Called synchronously, also on the hit path; must be quick and must not throw. */
  readonly onEvent?: (event: AuthEvent) => void;
  /** Calls `run` again and again until disposed; by default an interval that keeps no process alive. */
  readonly every?: (intervalMs: number, run: () => void) => Disposable;
  readonly jwksCooldownMs?: number;
  readonly jwksRefreshMs?: number;
  readonly jwksStaleMaxMs?: number;
  readonly jwksTimeoutMs?: number;
  readonly jwksBytesMax?: number;
  readonly tokensMax?: number;
}

export interface IssuerState {
  readonly issuer: string;
  readonly state: KeysetState;
  /** Since the last successful fetch; null before it. */
  readonly jwksAgeSeconds: number | null;
}

export interface TokenVerifier {
  /** Throws ProblemError `unauthenticated`, or `unavailable` when the issuer's keys can't be had. */
  verify(token: string): Promise<Principal>;
  /** The same for a token that was verified before and still holds, at once and without an event; undefined: only `verify` can tell. */
  known(token: string): Principal | undefined;
  /** Fetches the sets that are due. Never rejects: a failure is an event and a state. */
  tick(nowMs: number): Promise<void>;
  /** Fetches at once, then ticks by itself until disposed. */
  start(): Disposable;
  issuerStates(): readonly IssuerState[];
  /** By issuer; one that was never fetched is not in it. */
  jwksAgeSeconds(): ReadonlyMap<string, number>;
  /**
   * Whether tokens of at least one issuer can be verified. Not of all: one
   * issuer that is down must not take the service from the others' users.
   */
  ready(): boolean;
}

interface Trusted {
  readonly issuer: AuthIssuer;
  readonly keyset: Keyset;
}

/** Verifies access tokens of the trusted issuers. Fetches nothing before it is started, ticked or asked. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { clock, onEvent = () => {}, every = everyUnref } = options;
  const cooldownMs = options.jwksCooldownMs ?? jwksCooldownDefaultMs;
  const trustedByIssuer = new Map(
    options.issuers.map((issuer) => [issuer.issuer, { issuer, keyset: createIssuerKeyset(issuer, options) }]),
  );
  const cache = createTokenCache(options.tokensMax ?? tokensMax);

  const known = (token: string): Principal | undefined => cache.get(token, clock());

  async function verifyAnew(token: string): Promise<Principal> {
    const trusted = trustedByIssuer.get(readClaimedIssuer(token));
    if (trusted === undefined) throw unauthenticated("iss is not trusted");
    const keys = await obtainKeys(trusted.keyset);
    const { principal, provenBy } = await prove(token, trusted, keys);
    cache.set(token, { principal, keyset: trusted.keyset, keys: provenBy });
    return principal;
  }

  async function obtainKeys(keyset: Keyset): Promise<Keys> {
    const usable = keyset.usable(clock());
    if (usable !== null) return usable;
    await keyset.demand(clock());
    const fetched = keyset.usable(clock());
    if (fetched !== null) return fetched;
    throw new ProblemError("unavailable", "Tokens can't be verified at the moment.", {
      retryAfterSeconds: Math.max(1, Math.ceil(cooldownMs / 1000)),
    });
  }

  async function prove(token: string, trusted: Trusted, keys: Keys, isRetry = false) {
    const claims = await verifyClaims({ token, keys, trusted: trusted.issuer, nowMs: clock() });
    if (claims !== null) {
      return { principal: toPrincipal(claims, options.internalEmailDomains), provenBy: keys };
    }
    if (isRetry) throw unauthenticated("no key for this token in the renewed set");
    await trusted.keyset.demand(clock());
    const renewed = trusted.keyset.usable(clock());
    if (renewed === null || renewed.generation === keys.generation)
      throw unauthenticated("no key for this token");
    return prove(token, trusted, renewed, true);
  }

  async function tick(nowMs: number): Promise<void> {
    await Promise.all([...trustedByIssuer.values()].map(({ keyset }) => keyset.tick(nowMs)));
  }

  function issuerStates(): readonly IssuerState[] {
    const nowMs = clock();
    return [...trustedByIssuer].map(([issuer, { keyset }]) => {
      const ageMs = keyset.ageMs(nowMs);
      return { issuer, state: keyset.state(nowMs), jwksAgeSeconds: ageMs === null ? null : ageMs / 1000 };
    });
  }

  return {
    async verify(token) {
      const principal = known(token);
      onEvent({ kind: principal === undefined ? "token_cache_miss" : "token_cache_hit" });
      return principal ?? verifyAnew(token);
    },

    known,

    tick,
    issuerStates,

    start() {
      const run = (): void => void tick(clock());
      run();
      return every(tickIntervalMs, run);
    },

    jwksAgeSeconds() {
      const ages = new Map<string, number>();
      for (const { issuer, jwksAgeSeconds } of issuerStates()) {
        if (jwksAgeSeconds !== null) ages.set(issuer, jwksAgeSeconds);
      }
      return ages;
    },

    ready() {
      const nowMs = clock();
      return [...trustedByIssuer.values()].some(({ keyset }) => keyset.usable(nowMs) !== null);
    },
  };
}

function createIssuerKeyset(issuer: AuthIssuer, options: TokenVerifierOptions): Keyset {
  return createKeyset({
    issuer: issuer.issuer,
    fetchKeys: () =>
      fetchJwks({
        url: issuer.jwksUrl,
        fetch: options.fetch ?? fetch,
        timeoutMs: options.jwksTimeoutMs ?? jwksTimeoutMs,
        bytesMax: options.jwksBytesMax ?? jwksBytesMax,
      }),
    clock: options.clock,
    onEvent: options.onEvent ?? (() => {}),
    cooldownMs: options.jwksCooldownMs ?? jwksCooldownDefaultMs,
    refreshMs: options.jwksRefreshMs ?? jwksRefreshMs,
    staleMaxMs: options.jwksStaleMaxMs ?? jwksStaleMaxMs,
  });
}

function everyUnref(intervalMs: number, run: () => void): Disposable {
  const timer = setInterval(run, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
