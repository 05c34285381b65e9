import type { JWK } from "jose";
import { isRecord } from "./is-record.ts";

/** Signature algorithms a token may use: asymmetric ones only, so no public key ever serves as a secret. */
export const acceptedAlgorithms = ["ES256", "RS256", "EdDSA"];

/** Most keys a set may offer for signatures: a token without `kid` may cost one verification each. */
export const usableKeysMax = 32;

/**
 * The keys of a set that may verify a signature. Keys for encryption, of
 * unknown kinds and for other algorithms are left out, as RFC 7517 section 5 asks.
 */
export function pickUsableKeys(keys: readonly unknown[]): readonly JWK[] {
  const usable: readonly JWK[] = keys.filter(isRecord).filter(isSignatureKey);
  if (usable.length > usableKeysMax) {
    throw new Error(`the JWKS offers ${usable.length} keys for signatures, more than ${usableKeysMax}`);
  }
  return usable;
}

function isSignatureKey({ kty, use, alg }: Readonly<Record<string, unknown>>): boolean {
  if (kty !== "EC" && kty !== "RSA" && kty !== "OKP") return false;
  if (use !== undefined && use !== "sig") return false;
  return alg === undefined || (typeof alg === "string" && acceptedAlgorithms.includes(alg));
}
