import { apiKeyProofKey } from "@leftrail/cache-keys";
import type { KeyMetrics } from "./key-metrics.ts";
import type { HashedRow, Proof, ProofMaker } from "./key-proof.ts";

/** How long a proof is shared after it was made; then one run of argon2 makes it anew. */
export const sharedProofTtlSeconds = 7 * 24 * 60 * 60;
/** How long Redis is left alone after it failed, so that one that hangs holds up few requests. */
export const sharedProofRestMs = 1_000;

/** The two commands of Redis that are needed, as ioredis has them. Each must settle within a bounded time. */
export interface RedisCommands {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, mode: "EX", ttlSeconds: number): Promise<unknown>;
}

/** Proofs that processes share. An optimisation: whatever fails or can't be read counts as absent. */
export interface SharedProofs {
  read(row: HashedRow): Promise<Proof | undefined>;
  write(proof: Proof, row: HashedRow): Promise<void>;
}

export function createSharedProofs({
  redis,
  maker,
  metrics,
  clock,
}: {
  readonly redis: RedisCommands;
  readonly maker: ProofMaker;
  readonly metrics: Pick<KeyMetrics, "sharedProofFailures">;
  readonly clock: () => number;
}): SharedProofs {
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  async function attempt<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (clock() < restsUntilMs) return undefined;
    try {
      return await command();
    } catch {
      // The client logs what happens to its connection; here it is only counted.
      metrics.sharedProofFailures.inc();
      restsUntilMs = clock() + sharedProofRestMs;
      return undefined;
    }
  }

  return {
    async read(row) {
      const text = await attempt(() => redis.get(apiKeyProofKey(row.id)));
      return typeof text === "string" ? maker.open(text, row) : undefined;
    },
    async write(proof, row) {
      await attempt(() =>
        redis.set(apiKeyProofKey(row.id), maker.seal(proof, row), "EX", sharedProofTtlSeconds),
      );
    },
  };
}
