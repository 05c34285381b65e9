import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import type { CryptoKey, JWK } from "jose";
import { defaultUserId } from "./token-claims.ts";

export { startJwksServer } from "./jwks-server.ts";
export type { JwksBehaviour, JwksServer } from "./jwks-server.ts";
export { defaultUserId, keycloakClaims, supabaseClaims } from "./token-claims.ts";
export type { ClaimsInput } from "./token-claims.ts";

export type IssuerAlgorithm = "ES256" | "RS256" | "EdDSA";

/** Claims over the defaults; one that is `undefined` is left out of the token. */
export type Claims = Readonly<Record<string, unknown>>;

export interface IssuerOptions {
  /** The `iss` of its tokens. */
  readonly issuer?: string;
  readonly audience?: string;
  /** Milliseconds since the epoch; dates `iat` and `exp`. */
  readonly clock?: () => number;
  /** One key is made for each; the last one signs unless told otherwise. */
  readonly algorithms?: readonly IssuerAlgorithm[];
  /** Private keys from `exportKeys`, oldest first, instead of new ones. */
  readonly keys?: readonly JWK[];
}

export interface SignOptions {
  /** Signs with the newest key of this algorithm. */
  readonly alg?: IssuerAlgorithm;
  /** Signs with this key. */
  readonly kid?: string;
  /** Header parameters over `alg`, `kid` and `typ`; one that is `undefined` is left out. */
  readonly header?: Claims;
}

/** An identity provider with real keys: for tests, and for development on one machine. */
export interface Issuer {
  readonly issuer: string;
  readonly audience: string;
  /** The key ids, oldest first. */
  kids(): readonly string[];
  /** By default `iss`, `aud`, a `sub`, `role` "authenticated", and an `exp` in an hour. */
  sign(claims?: Claims, options?: SignOptions): Promise<string>;
  /** The public document, as a JWKS URL serves it. */
  jwks(): { readonly keys: readonly JWK[] };
  /** Makes and publishes one more key, which signs from here on; returns its id. */
  rotate(options?: { readonly alg?: IssuerAlgorithm; readonly kid?: string }): Promise<string>;
  /** Forgets a key and no longer publishes it. */
  remove(kid: string): void;
  /** The private keys, to be kept and given to `createIssuer` again. */
  exportKeys(): Promise<readonly JWK[]>;
}

interface SigningKey {
  readonly kid: string;
  readonly alg: IssuerAlgorithm;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

const tokenLifeSeconds = 3600;

export async function createIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const { issuer = "https://issuer.test", audience = "authenticated", clock = Date.now } = options;
  const keys =
    options.keys === undefined
      ? await Promise.all((options.algorithms ?? ["ES256"]).map((alg) => generateKey(alg)))
      : await Promise.all(options.keys.map(importKey));

  function pickKey({ alg, kid }: SignOptions): SigningKey {
    const key = keys.findLast(
      (candidate) =>
        (kid === undefined || candidate.kid === kid) && (alg === undefined || candidate.alg === alg),
    );
    if (key === undefined) throw new Error(`the issuer has no key with kid ${kid} and alg ${alg}`);
    return key;
  }

  return {
    issuer,
    audience,
    kids: () => keys.map(({ kid }) => kid),

    async sign(claims = {}, signOptions = {}) {
      const { kid, alg, privateKey } = pickKey(signOptions);
      const nowSeconds = Math.floor(clock() / 1000);
      const payload = {
        iss: issuer,
        aud: audience,
        sub: defaultUserId,
        iat: nowSeconds,
        exp: nowSeconds + tokenLifeSeconds,
        role: "authenticated",
        ...claims,
      };
      const header = { alg, kid, typ: "JWT", ...signOptions.header };
      return new SignJWT(payload).setProtectedHeader(header).sign(privateKey, { crit: understood(header) });
    },

    jwks: () => ({ keys: keys.map(({ publicJwk }) => publicJwk) }),

    async rotate({ alg = keys.at(-1)?.alg ?? "ES256", kid } = {}) {
      const key = await generateKey(alg, kid);
      keys.push(key);
      return key.kid;
    },

    remove(kid) {
      const index = keys.findIndex((key) => key.kid === kid);
      if (index < 0) throw new Error(`the issuer has no key with kid ${kid}`);
      keys.splice(index, 1);
    },

    exportKeys: () =>
      Promise.all(
        keys.map(async ({ kid, alg, privateKey }) => ({
          ...(await exportJWK(privateKey)),
          kid,
          alg,
          use: "sig",
        })),
      ),
  };
}

async function generateKey(alg: IssuerAlgorithm, kid?: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const id = kid ?? (await calculateJwkThumbprint(jwk));
  return { kid: id, alg, privateKey, publicJwk: { ...jwk, kid: id, alg, use: "sig" } };
}

async function importKey(jwk: JWK): Promise<SigningKey> {
  const { kid, alg } = jwk;
  if (kid === undefined || !isIssuerAlgorithm(alg)) throw new Error("not a key that an issuer exported");
  const privateKey = await importJWK(jwk, alg, { extractable: true });
  if (privateKey instanceof Uint8Array || privateKey.type !== "private") {
    throw new Error(`the key with kid ${kid} is not a private one`);
  }
  return { kid, alg, privateKey, publicJwk: publicPart(jwk) };
}

/** Listed, not filtered, so that no private member can slip through. */
function publicPart({ kty, crv, x, y, n, e, kid, alg, use }: JWK): JWK {
  const entries = Object.entries({ kty, crv, x, y, n, e, kid, alg, use });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

const isIssuerAlgorithm = (alg: unknown): alg is IssuerAlgorithm =>
  alg === "ES256" || alg === "RS256" || alg === "EdDSA";

/** Lets the signer write a `crit` of any name, so that a test can send an extension nobody knows. */
function understood(header: Claims): Record<string, boolean> {
  const crit = Array.isArray(header["crit"]) ? header["crit"] : [];
  return Object.fromEntries(crit.map((name) => [String(name), false]));
}
