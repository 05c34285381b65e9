import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { clockToleranceSeconds } from "./check-token.ts";
import type { Keys, Keyset } from "./keyset.ts";
import type { Principal } from "./principal.ts";

/** Verified tokens that are remembered, each in some 600 bytes: as many as a process may have streams, and more. */
export const tokensMax = 25_000;

interface Entry {
  readonly principal: Principal;
  readonly keyset: Keyset;
  readonly generation: number;
  readonly endsAtMs: number;
}

/** Verified tokens. An entry is served until `exp` and the tolerance, and only while its keys are the current ones. */
export interface TokenCache {
  get(token: string, nowMs: number): Principal | undefined;
  /** `keys` are the ones that verified the token, which a refresh may have replaced meanwhile. */
  set(token: string, proof: { principal: Principal; keyset: Keyset; keys: Keys }): void;
}

export function createTokenCache(max: number): TokenCache {
  const entries = new LRUCache<string, Entry>({ max });
  return {
    get(token, nowMs) {
      const digest = digestOf(token);
      const entry = entries.get(digest);
      if (entry === undefined) return undefined;
      if (nowMs < entry.endsAtMs && entry.keyset.usable(nowMs)?.generation === entry.generation) {
        return entry.principal;
      }
      entries.delete(digest);
      return undefined;
    },

    set(token, { principal, keyset, keys }) {
      // A fractional exp counts to the end of its second, as it does in the verification.
      const endsAtMs = (Math.ceil(principal.expiresAtSeconds) + clockToleranceSeconds) * 1000;
      entries.set(digestOf(token), { principal, keyset, generation: keys.generation, endsAtMs });
    },
  };
}

/** Tokens are long, and memory is no place to keep them. */
const digestOf = (token: string): string => hash("sha256", token, "base64url");
