import { allScope, type Scope } from "@leftrail/cache-keys";
import type { OutboxReads } from "@leftrail/store";
import type { CacheEvent } from "./cache-event.ts";
import { lookAgeMaxMs, lookBeginsAtProofAgeMs, lookIntervalMs, lookRowsMax } from "./limits.ts";
import type { ChangeFeed } from "./ports.ts";

/**
 * An instance's own look at what is committed and not relayed, while it hears no proof from the relay:
 * scopes that stand there are served from no tier.
 */
export interface OutboxWatch {
  /** The moment before which every commit is known, by the last look; -Infinity when that is too long ago. */
  lookedAtMs(nowMs: number): number;
  /** The same, however long ago. */
  lastLookMs(): number;
  /** Whether the last look named one of the scopes, and nothing was proven since. */
  isPending(scopes: readonly Scope[]): boolean;
  /** Looks if it is time to; never rejects. */
  tick(): Promise<void>;
}

export function createOutboxWatch(options: {
  readonly outbox: OutboxReads;
  readonly feed: ChangeFeed;
  readonly clock: () => number;
  readonly onEvent: (event: CacheEvent) => void;
}): OutboxWatch {
  const { outbox, feed, clock, onEvent } = options;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let isLooking = false;
  let pending: ReadonlySet<Scope> = new Set();

  async function look(): Promise<void> {
    isLooking = true;
    askedAtMs = clock();
    try {
      const rows = await outbox.pending(lookRowsMax);
      const isComplete = rows.length < lookRowsMax;
      pending = new Set(isComplete ? rows.map(({ scope }) => scope) : [allScope]);
      lookedAtMs = askedAtMs;
      onEvent({ kind: "looked", rows: rows.length });
    } catch {
      // The database's state is told by the reads; without a look nothing is served on its strength.
    } finally {
      isLooking = false;
    }
  }

  return {
    lookedAtMs: (nowMs) => (nowMs - lookedAtMs <= lookAgeMaxMs ? lookedAtMs : Number.NEGATIVE_INFINITY),
    lastLookMs: () => lookedAtMs,
    // What a later proof of the relay covers has been relayed since.
    isPending: (scopes) =>
      feed.provenAtMs() < lookedAtMs && (pending.has(allScope) || scopes.some((scope) => pending.has(scope))),
    async tick() {
      const nowMs = clock();
      if (isLooking || nowMs - feed.provenAtMs() < lookBeginsAtProofAgeMs) return;
      if (nowMs - askedAtMs >= lookIntervalMs) await look();
    },
  };
}
