import { randomBytes } from "node:crypto";
import type { Logger } from "@leftrail/service";
import type { KeyRing, Store } from "@leftrail/store";
import type { Registry } from "prom-client";
import { mintKey, type PresentedKey } from "./key-format.ts";
import { createKeyMetrics } from "./key-metrics.ts";
import { createKeyProver, type KeyProver, type KeyProverOptions } from "./key-prover.ts";
import type { RedisCommands } from "./shared-proofs.ts";
import { createUsageRecorder, usageFlushIntervalMs, type UsageRecorder } from "./usage-recorder.ts";

/** What minting and verifying keys needs of a process: one of them in it, for its hashing is bounded there. */
export interface KeyServices {
  readonly mint: () => PresentedKey;
  readonly prover: KeyProver;
  readonly usage: UsageRecorder;
}

export interface KeyServicesOptions {
  readonly store: Pick<Store, "touchApiKeys">;
  readonly keyRing: KeyRing;
  /** Shares proofs with other processes; undefined: each proves for itself. */
  readonly redis: RedisCommands | undefined;
  readonly registry: Registry;
  readonly logger: Pick<Logger, "warn">;
  readonly argon2?: NonNullable<KeyProverOptions["argon2"]>;
  readonly random?: (bytes: number) => Buffer;
  /** Milliseconds of a clock that never goes back. */
  readonly clock?: () => number;
  readonly every?: (intervalMs: number, run: () => void) => Disposable;
}

/** Starts noting uses, until disposed of; what was noted by then is still written. */
export function startKeyServices(options: KeyServicesOptions): KeyServices & AsyncDisposable {
  const { store, keyRing, redis, logger, every = everyUnref } = options;
  const { random = randomBytes, clock = () => performance.now() } = options;
  const metrics = createKeyMetrics(options.registry);
  const usage = createUsageRecorder({
    touch: (apiKeyIds) => store.touchApiKeys(apiKeyIds),
    metrics,
    logger,
    clock,
  });
  const prover = createKeyProver({
    ring: keyRing,
    redis,
    metrics,
    logger,
    clock,
    random,
    ...(options.argon2 === undefined ? {} : { argon2: options.argon2 }),
  });
  const ticks = every(usageFlushIntervalMs, () => void usage.tick());
  return {
    mint: () => mintKey(random),
    prover,
    usage,
    async [Symbol.asyncDispose]() {
      ticks[Symbol.dispose]();
      await usage.tick();
    },
  };
}

function everyUnref(intervalMs: number, run: () => void): Disposable {
  const timer = setInterval(run, intervalMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
