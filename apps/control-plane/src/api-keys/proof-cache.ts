import type { KeyRing } from "@leftrail/store";
import { LRUCache } from "lru-cache";
import type { PresentedKey } from "./key-format.ts";
import type { KeyMetrics } from "./key-metrics.ts";
import { createProofMaker, isSameProof, type HashedRow, type Proof } from "./key-proof.ts";
import { createSharedProofs, type RedisCommands } from "./shared-proofs.ts";

/** Some hundred bytes each. */
const proofsMax = 50_000;
const refusalsMax = 20_000;

/** Whether a string matches a stored hash, as far as it is known without hashing. */
export type ProofDecision = "proven" | "refused" | "unknown";

export interface ProofCache {
  /** Names a string and a hash together; neither can be told from it. */
  idOf(key: PresentedKey, row: HashedRow): string;
  /** What this process knows. */
  known(key: PresentedKey, row: HashedRow): ProofDecision;
  /** The same, and what others proved. Never rejects. */
  lookUp(key: PresentedKey, row: HashedRow): Promise<ProofDecision>;
  keepProof(key: PresentedKey, row: HashedRow): void;
  keepRefusal(key: PresentedKey, row: HashedRow): void;
}

export interface ProofCacheOptions {
  readonly ring: KeyRing;
  /** Where processes share what they proved; undefined: they don't. */
  readonly redis: RedisCommands | undefined;
  readonly metrics: Pick<KeyMetrics, "proofHits" | "sharedProofFailures">;
  /** Milliseconds. */
  readonly clock: () => number;
}

/**
 * Remembers which string matches a row's hash. That never changes, so nothing is ever
 * invalidated; and since no second string matches, it also refuses every other one.
 */
export function createProofCache({ ring, redis, metrics, clock }: ProofCacheOptions): ProofCache {
  const maker = createProofMaker(ring);
  const shared = redis === undefined ? undefined : createSharedProofs({ redis, maker, metrics, clock });
  const proofs = new LRUCache<string, { keyHash: string; proof: Proof }>({ max: proofsMax });
  const refusals = new LRUCache<string, true>({ max: refusalsMax });

  function presentedProof(pepperId: string, key: PresentedKey, row: HashedRow): Proof {
    const proof = maker.make(pepperId, key.text, row);
    if (proof === undefined) throw new Error("the key ring lost a key");
    return proof;
  }

  const idOf = (key: PresentedKey, row: HashedRow): string =>
    presentedProof(maker.currentId, key, row).bytes.toString("base64url");

  const decide = (proof: Proof, key: PresentedKey, row: HashedRow): ProofDecision =>
    isSameProof(proof, presentedProof(proof.pepperId, key, row)) ? "proven" : "refused";

  function known(key: PresentedKey, row: HashedRow): ProofDecision {
    const entry = proofs.get(row.id);
    if (entry?.keyHash === row.keyHash) return decide(entry.proof, key, row);
    return refusals.has(idOf(key, row)) ? "refused" : "unknown";
  }

  return {
    idOf,
    known,
    async lookUp(key, row) {
      const decision = known(key, row);
      if (decision !== "unknown") {
        metrics.proofHits.inc({ tier: "process" });
        return decision;
      }
      const proof = await shared?.read(row);
      if (proof === undefined) return "unknown";
      metrics.proofHits.inc({ tier: "redis" });
      proofs.set(row.id, { keyHash: row.keyHash, proof });
      return decide(proof, key, row);
    },
    keepProof(key, row) {
      const proof = presentedProof(maker.currentId, key, row);
      proofs.set(row.id, { keyHash: row.keyHash, proof });
      void shared?.write(proof, row);
    },
    keepRefusal: (key, row) => void refusals.set(idOf(key, row), true),
  };
}
