import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { JWTPayload, JWTVerifyOptions } from "jose";
import type { AuthIssuer } from "./auth-issuers.ts";
import { describeError } from "./describe-error.ts";
import type { Keys } from "./keyset.ts";
import { unauthenticated } from "./unauthenticated.ts";
import { acceptedAlgorithms } from "./usable-keys.ts";

/** Longest token looked at. */
export const tokenBytesMax = 8 * 1024;

/** How far the issuer's clock and ours may be apart. */
export const clockToleranceSeconds = 5;

const compactPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** RFC 8725 section 3.11: a logout token or a DPoP proof of the same issuer is no access token. */
const acceptedTypes = ["jwt", "at+jwt"];

/**
 * What can be told without keys: the size, the shape, the header. Returns the
 * `iss` that the token claims, unproven; throws `unauthenticated`.
 */
export function readClaimedIssuer(token: string): string {
  if (token.length > tokenBytesMax) throw unauthenticated("the token is too long");
  if (!compactPattern.test(token)) throw unauthenticated("the token is not a compact JWS");
  try {
    const { alg, typ, crit } = decodeProtectedHeader(token);
    if (alg === undefined || !acceptedAlgorithms.includes(alg)) throw new Error("alg is not accepted");
    if (crit !== undefined) throw new Error("crit names an extension; none is known here");
    if (!isAcceptedType(typ)) throw new Error("typ is not that of an access token");
    const { iss } = decodeJwt(token);
    if (typeof iss !== "string") throw new Error("iss is not a string");
    return iss;
  } catch (error) {
    throw unauthenticated(describeError(error));
  }
}

const isAcceptedType = (typ: unknown): boolean =>
  typ === undefined ||
  (typeof typ === "string" && acceptedTypes.includes(typ.toLowerCase().replace(/^application\//, "")));

export interface VerifyClaimsInput {
  readonly token: string;
  readonly keys: Keys;
  readonly trusted: AuthIssuer;
  readonly nowMs: number;
}

/**
 * Verifies signature, `iss`, `aud`, `exp` and `nbf`. Returns the claims, or
 * null when the set has no key for this token; throws `unauthenticated` otherwise.
 */
export async function verifyClaims(input: VerifyClaimsInput): Promise<JWTPayload | null> {
  const { audience, issuer } = input.trusted;
  const options: JWTVerifyOptions = {
    algorithms: acceptedAlgorithms,
    issuer,
    audience: typeof audience === "string" ? audience : [...audience],
    requiredClaims: ["iss", "aud", "exp", "sub"],
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(input.nowMs),
  };
  try {
    return await verifyWithAnyKey(input.token, input.keys, options);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return null;
    throw unauthenticated(describeError(error));
  }
}

/** Without a `kid`, or with one that several keys share, each key that fits is tried. */
async function verifyWithAnyKey(token: string, keys: Keys, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys.find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let last: unknown = new errors.JWSSignatureVerificationFailed();
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        last = failure;
      }
    }
    throw last;
  }
}
