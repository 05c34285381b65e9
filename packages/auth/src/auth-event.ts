/** What a verifier does that an operator counts or logs. Carries no token and no claim. */
export type AuthEvent =
  | {
      readonly kind: "jwks_refreshed";
      readonly issuer: string;
      /** Whether the set differs from the one before, which ends all cached verifications of this issuer. */
      readonly changed: boolean;
      /** Keys that may verify a signature; those for encryption and of unknown kinds are not counted. */
      readonly usableKeys: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: "jwks_failed";
      readonly issuer: string;
      readonly reason: string;
      readonly durationMs: number;
    }
  | { readonly kind: "token_cache_hit" }
  | { readonly kind: "token_cache_miss" };
