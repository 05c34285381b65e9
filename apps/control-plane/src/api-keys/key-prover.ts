import type { KeyRing } from "@leftrail/store";
import type { Logger } from "@leftrail/service";
import { LRUCache } from "lru-cache";
import { createHashLanes, type HashLanesOptions, type HashPlace } from "./hash-lane.ts";
import type { PresentedKey } from "./key-format.ts";
import { argon2id, hashKey, matchesHash, parseStoredHash, saltBytes, type Argon2 } from "./key-hash.ts";
import type { KeyMetrics } from "./key-metrics.ts";
import type { HashedRow } from "./key-proof.ts";
import { createProofCache, type ProofDecision } from "./proof-cache.ts";
import type { RedisCommands } from "./shared-proofs.ts";

/** Keys that are remembered for a string that failed, and rows that are logged once for their hash. */
const suspectKeysMax = 10_000;
const loggedRowsMax = 1_000;

export interface KeyProver {
  /** Whether the string matches the row's hash, as far as it is known without hashing. Never rejects. */
  lookUp(key: PresentedKey, row: HashedRow): Promise<ProofDecision>;
  /** Finds out, so that `lookUp` knows. Throws `unavailable` when too many wait already. */
  prove(key: PresentedKey, row: HashedRow): Promise<void>;
  /** The hash to store for a new key. Throws `unavailable` as `prove` does. */
  hash(key: PresentedKey): Promise<string>;
  /** Spares a new key its first run. */
  keepProof(key: PresentedKey, row: HashedRow): void;
}

export interface KeyProverOptions {
  readonly ring: KeyRing;
  readonly redis: RedisCommands | undefined;
  readonly metrics: KeyMetrics;
  readonly logger: Pick<Logger, "warn">;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Buffer;
  readonly argon2?: Argon2;
  readonly after?: NonNullable<HashLanesOptions["after"]>;
}

/**
 * Proves keys with as few runs of argon2 as possible: what is known costs none, the same
 * string at the same time costs one. A key has at most one string in the promising lane,
 * and none once a string failed: the rest waits in the suspect one.
 */
export function createKeyProver(options: KeyProverOptions): KeyProver {
  const { metrics, logger, random, argon2 = argon2id } = options;
  const cache = createProofCache(options);
  const lanes = createHashLanes(options);
  const flights = new Map<string, Promise<void>>();
  const promisingKeys = new Set<string>();
  const suspectKeys = new LRUCache<string, true>({ max: suspectKeysMax });
  const loggedRows = new LRUCache<string, true>({ max: loggedRowsMax });

  async function decide(key: PresentedKey, row: HashedRow): Promise<void> {
    const stored = parseStoredHash(row.keyHash);
    if (stored === undefined) return refuseHash(key, row);
    const isSuspect = suspectKeys.has(row.id) || promisingKeys.has(row.id);
    const place: HashPlace = isSuspect ? { lane: "suspect", apiKeyId: row.id } : { lane: "promising" };
    if (!isSuspect) promisingKeys.add(row.id);
    try {
      await lanes.run(place, async () => {
        // While this one waited, another string may have turned out to be the key.
        if (cache.known(key, row) !== "unknown") return;
        metrics.argon2Runs.inc({ for: "verification" });
        if (await matchesHash(key.text, stored, argon2)) return cache.keepProof(key, row);
        cache.keepRefusal(key, row);
        suspectKeys.set(row.id, true);
      });
    } finally {
      if (!isSuspect) promisingKeys.delete(row.id);
    }
  }

  function refuseHash(key: PresentedKey, row: HashedRow): void {
    metrics.refusedHashes.inc();
    cache.keepRefusal(key, row);
    if (loggedRows.has(row.id)) return;
    loggedRows.set(row.id, true);
    logger.warn(
      { apiKeyId: row.id },
      "a stored key hash has an unknown tag or form; its key can't be verified",
    );
  }

  return {
    lookUp: (key, row) => cache.lookUp(key, row),
    keepProof: (key, row) => cache.keepProof(key, row),
    async prove(key, row) {
      const id = cache.idOf(key, row);
      const flight = flights.get(id) ?? decide(key, row).finally(() => flights.delete(id));
      flights.set(id, flight);
      return flight;
    },
    hash: (key) =>
      lanes.run({ lane: "promising" }, () => {
        metrics.argon2Runs.inc({ for: "creation" });
        return hashKey(key.text, random(saltBytes), argon2);
      }),
  };
}
