import { allScope, type Scope } from "@leftrail/cache-keys";
import type { OutboxReads, RelayMark } from "@leftrail/store";
import type { CacheEvent } from "./cache-event.ts";
import { lookBeginsAtProofAgeMs, lookIntervalMs, lookRowsMax } from "./limits.ts";
import type { ChangeFeed } from "./ports.ts";

/** What an instance knows of commits: what the relay proves, else by its own look at what is not relayed. */
export interface OutboxWatch {
  /**
   * The moment before which every commit that concerns the scopes is known here; -Infinity: none, or one of
   * the scopes is known to have changed and its invalidation has not been heard.
   */
  knownAtMs(scopes: readonly Scope[]): number;
  /** Looks if it is time to; never rejects. */
  tick(): Promise<void>;
}

interface Look {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  readonly pending: ReadonlySet<Scope>;
  readonly mark: RelayMark | undefined;
}

export function createOutboxWatch(options: {
  readonly outbox: OutboxReads;
  readonly feed: ChangeFeed;
  readonly clock: () => number;
  readonly onEvent: (event: CacheEvent) => void;
}): OutboxWatch {
  const { outbox, feed, clock, onEvent } = options;
  let last: Look | undefined;
  let lookingSinceMs = Number.NEGATIVE_INFINITY;
  let isLooking = false;

  async function look(): Promise<void> {
    isLooking = true;
    const askedAtMs = (lookingSinceMs = clock());
    try {
      const { rows, mark } = await outbox.look(lookRowsMax);
      const isComplete = rows.length < lookRowsMax;
      const pending = new Set(isComplete ? rows.map(({ scope }) => scope) : [allScope]);
      last = { askedAtMs, answeredAtMs: clock(), pending, mark };
      onEvent({ kind: "looked", rows: rows.length });
    } catch {
      // The database's state is told by the reads; without a look nothing is served on its strength.
    } finally {
      isLooking = false;
    }
  }

  /** Rows that a relay took away count as known only where what it said of them was heard. */
  const hasHeardTheRest = ({ mark }: Look): boolean => mark !== undefined && feed.hasHeard(mark);

  return {
    knownAtMs(scopes) {
      const provenAtMs = feed.provenAtMs();
      // A proof from after the look covers what it named; a row may be as young as the look's end.
      if (last === undefined || provenAtMs >= last.answeredAtMs) return provenAtMs;
      const { pending } = last;
      if (pending.has(allScope) || scopes.some((scope) => pending.has(scope)))
        return Number.NEGATIVE_INFINITY;
      return hasHeardTheRest(last) ? Math.max(provenAtMs, last.askedAtMs) : provenAtMs;
    },
    async tick() {
      const nowMs = clock();
      if (isLooking || nowMs - feed.provenAtMs() < lookBeginsAtProofAgeMs) return;
      if (nowMs - lookingSinceMs >= lookIntervalMs) await look();
    },
  };
}
