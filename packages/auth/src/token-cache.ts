import { LRUCache } from "lru-cache";
import { clockToleranceSeconds } from "./check-token.ts";
import type { Keys, Keyset } from "./keyset.ts";
import type { Principal } from "./principal.ts";

/** Memory that verified tokens may take: some ten thousand of usual size. */
export const tokenCacheBytesMax = 16 * 1024 * 1024;

/** What an entry weighs beside its token: the principal and the cache's own bookkeeping. */
const entryOverheadBytes = 512;

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

export function createTokenCache(bytesMax: number): TokenCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: bytesMax,
    sizeCalculation: (_entry, token) => token.length + entryOverheadBytes,
  });
  return {
    get(token, nowMs) {
      const entry = entries.get(token);
      if (entry === undefined) return undefined;
      if (nowMs < entry.endsAtMs && entry.keyset.usable(nowMs)?.generation === entry.generation) {
        return entry.principal;
      }
      entries.delete(token);
      return undefined;
    },

    set(token, { principal, keyset, keys }) {
      // A fractional exp counts to the end of its second, as it does in the verification.
      const endsAtMs = (Math.ceil(principal.expiresAtSeconds) + clockToleranceSeconds) * 1000;
      entries.set(token, { principal, keyset, generation: keys.generation, endsAtMs });
    },
  };
}
