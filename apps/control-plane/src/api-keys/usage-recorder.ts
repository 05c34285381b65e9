import type { Logger } from "@leftrail/service";
import { LRUCache } from "lru-cache";
import type { KeyMetrics } from "./key-metrics.ts";

/** How fresh `last_used_at` is: a key that is used all the time is written once in this time. */
export const usageIntervalMs = 60_000;
/** How soon a first use is written. */
export const usageFlushIntervalMs = 1_000;
export const usagePendingMax = 10_000;
export const usageBatchMax = 1_000;
const usageRememberedMax = 50_000;

/** Notes uses of keys off the request's way. A use may get lost; a request never waits or fails for one. */
export interface UsageRecorder {
  note(apiKeyId: string): void;
  /** Writes a batch of what was noted. Never rejects. */
  tick(): Promise<void>;
}

export interface UsageRecorderOptions {
  readonly touch: (apiKeyIds: readonly string[]) => Promise<void>;
  readonly metrics: Pick<KeyMetrics, "droppedUses">;
  readonly logger: Pick<Logger, "warn">;
  /** Milliseconds. */
  readonly clock: () => number;
}

export function createUsageRecorder({ touch, metrics, logger, clock }: UsageRecorderOptions): UsageRecorder {
  const notedAtMs = new LRUCache<string, number>({ max: usageRememberedMax });
  const pending = new Set<string>();
  let isWriting = false;

  async function write(batch: readonly string[]): Promise<void> {
    isWriting = true;
    try {
      await touch(batch);
    } catch (err) {
      metrics.droppedUses.inc(batch.length);
      logger.warn({ err, keys: batch.length }, "uses of keys could not be noted");
    } finally {
      isWriting = false;
    }
  }

  return {
    note(apiKeyId) {
      const nowMs = clock();
      if (nowMs - (notedAtMs.get(apiKeyId) ?? Number.NEGATIVE_INFINITY) < usageIntervalMs) return;
      notedAtMs.set(apiKeyId, nowMs);
      if (pending.size < usagePendingMax) pending.add(apiKeyId);
      else metrics.droppedUses.inc();
    },
    async tick() {
      if (isWriting || pending.size === 0) return;
      const batch = [...pending].slice(0, usageBatchMax);
      for (const apiKeyId of batch) pending.delete(apiKeyId);
      await write(batch);
    },
  };
}
