import type { Logger } from "@leftrail/service";
import type { AuthEvent } from "./auth-event.ts";
import type { AuthIssuer } from "./auth-issuers.ts";
import { createTokenVerifier, type TokenVerifier } from "./token-verifier.ts";

/** The values of `authSettings`. */
export interface AuthConfig {
  readonly AUTH_ISSUERS: readonly AuthIssuer[];
  readonly INTERNAL_EMAIL_DOMAINS: readonly string[];
  readonly JWKS_COOLDOWN_MS: number;
}

/**
 * A service's verifier: fetches its keys at once and keeps them fresh until it is disposed of. `onEvent` is
 * called synchronously, also on the hit path; it must be quick and must not throw.
 */
export function openVerifier(
  config: AuthConfig,
  logger: Logger,
  onEvent: (event: AuthEvent) => void = () => {},
): TokenVerifier & Disposable {
  const verifier = createTokenVerifier({
    issuers: config.AUTH_ISSUERS,
    internalEmailDomains: config.INTERNAL_EMAIL_DOMAINS,
    jwksCooldownMs: config.JWKS_COOLDOWN_MS,
    clock: Date.now,
    onEvent: (event) => {
      onEvent(event);
      if (event.kind === "jwks_failed") logger.warn(event, "the keys of an issuer could not be fetched");
    },
  });
  const refreshing = verifier.start();
  return { ...verifier, [Symbol.dispose]: () => refreshing[Symbol.dispose]() };
}

/** For readiness: rejects while no issuer's keys are there, so that nobody could sign in. */
export const issuersCheck = (verifier: Pick<TokenVerifier, "ready">) => async (): Promise<void> => {
  if (!verifier.ready()) throw new Error("no issuer's keys could be fetched");
};
