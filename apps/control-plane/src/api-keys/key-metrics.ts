import { metricPrefix } from "@leftrail/service";
import { Counter, Gauge, type Registry } from "prom-client";

/** What an operator must know of keys and their verification. */
export interface KeyMetrics {
  readonly argon2Runs: Counter<"for">;
  /** Lookups that spared a run, by where the proof was. */
  readonly proofHits: Counter<"tier">;
  readonly sharedProofFailures: Counter;
  readonly refusedHashes: Counter;
  readonly laneRunning: Gauge<"lane">;
  readonly laneWaiting: Gauge<"lane">;
  readonly laneRefusals: Counter<"lane">;
  readonly droppedUses: Counter;
}

export const createKeyMetrics = (registry: Registry): KeyMetrics => {
  const registers = [registry];
  return {
    argon2Runs: new Counter({
      name: `${metricPrefix}argon2_runs_total`,
      help: "Argon2 runs, for a new key or for the verification of one.",
      labelNames: ["for"],
      registers,
    }),
    proofHits: new Counter({
      name: `${metricPrefix}key_proof_hits_total`,
      help: "Presented keys that were decided without argon2, by tier: process, redis, or refusal.",
      labelNames: ["tier"],
      registers,
    }),
    sharedProofFailures: new Counter({
      name: `${metricPrefix}key_proof_redis_failures_total`,
      help: "Proofs that could not be read from or written to Redis, which costs argon2 runs.",
      registers,
    }),
    refusedHashes: new Counter({
      name: `${metricPrefix}key_hashes_refused_total`,
      help: "Verifications that met a stored hash with an unknown tag or an impossible form.",
      registers,
    }),
    laneRunning: new Gauge({
      name: `${metricPrefix}hash_lane_running`,
      help: "Argon2 runs under way, by lane.",
      labelNames: ["lane"],
      registers,
    }),
    laneWaiting: new Gauge({
      name: `${metricPrefix}hash_lane_waiting`,
      help: "Argon2 runs that wait for their turn, by lane.",
      labelNames: ["lane"],
      registers,
    }),
    laneRefusals: new Counter({
      name: `${metricPrefix}hash_lane_refusals_total`,
      help: "Argon2 runs that found their lane full and were answered with 503.",
      labelNames: ["lane"],
      registers,
    }),
    droppedUses: new Counter({
      name: `${metricPrefix}key_uses_dropped_total`,
      help: "Uses of keys that last_used_at will not show: too many at once, or the write failed.",
      registers,
    }),
  };
};
