import { epochTtlSeconds, type KeyedRead, type Scope } from "@leftrail/cache-keys";
import type { Redis } from "ioredis";
import { areEqual } from "./are-equal.ts";
import type { CacheEvent } from "./cache-event.ts";
import { decodeEntry, encodeEntry, type StoredEntry } from "./entry-codec.ts";
import { sharedReadTimeoutMs, ttlMs } from "./limits.ts";
import type { KnownEpochs, SharedEntry, SharedReading, SharedTier } from "./ports.ts";
import { readWithEpochs } from "./redis-epochs.ts";
import { withTimeout } from "./with-timeout.ts";

/** Writes that may be on their way at once; more than that are left out. */
const writesMax = 1_000;

/** What the tier must know of its Redis, as the tail of the changes sees it. */
interface RedisTrust {
  /** Whether it answers, and the relay was heard since the connection was made. */
  isTrusted(localMs: number): boolean;
  /** When it last answered the tail; -Infinity: never. */
  answeredAtMs(): number;
  /** Its clock at a local moment: between the two. */
  sharedTime(localMs: number): { readonly earliestMs: number; readonly latestMs: number } | undefined;
}

export interface RedisTierOptions {
  /** A client whose commands fail instead of waiting for a connection; the tail's own. */
  readonly redis: Redis;
  readonly trust: RedisTrust;
  /** What answers are computed with: the lists and the version of the code. */
  readonly build: string;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  readonly onEvent?: (event: CacheEvent) => void;
}

/** Entries and epochs in Redis. Each command has one key. */
export function createRedisTier(options: RedisTierOptions): SharedTier {
  const { redis, trust, build, clock, onEvent = () => {} } = options;
  // Opened by a read that failed; closed by the tail's next answer, so that no request has to try.
  let openedAtMs = Number.NEGATIVE_INFINITY;
  let writes = 0;

  async function readAll({ key, scopes }: KeyedRead, known: KnownEpochs): Promise<SharedReading> {
    // One that runs out when it is not asked for is asked for always, or it would run out while in use.
    const isKnown = (scope: Scope, at: number): boolean =>
      known.areProven && known.epochs[at] !== undefined && epochTtlSeconds(scope) === null;
    const asked = await readWithEpochs(
      redis,
      key,
      scopes.filter((scope, at) => !isKnown(scope, at)),
    );
    const rest = asked.epochs.values();
    const epochs = scopes.map(
      (scope, at) => (isKnown(scope, at) ? known.epochs[at] : rest.next().value) ?? "",
    );
    const entry = entryOf(asked.value);
    const open = (variant: string) => opened(entry, key, variant);
    // Redis may have thrown out an epoch that was not asked for; others then go by the one made anew.
    const isDoubtful = entry !== undefined && asked.epochs.length < scopes.length;
    if (!isDoubtful || areEqual(entry.stamps, epochs)) return { epochs, open };
    return { epochs: (await readWithEpochs(redis, null, scopes)).epochs, open };
  }

  function entryOf(value: Buffer | null): StoredEntry | undefined {
    if (value === null) return undefined;
    const entry = decodeEntry(value);
    if (entry === undefined) onEvent({ kind: "corrupt" });
    return entry;
  }

  function opened(entry: StoredEntry | undefined, key: string, variant: string): SharedEntry | undefined {
    const nowMs = clock();
    const shared = trust.sharedTime(nowMs);
    if (entry === undefined || shared === undefined) return undefined;
    if (entry.key !== key || entry.variant !== variant || entry.build !== build) {
      onEvent({ kind: "foreign" });
      return undefined;
    }
    const toLocal = (sharedMs: number): number => nowMs + sharedMs - shared.latestMs;
    // No entry is written for longer: Redis's clock was put back since.
    if (toLocal(entry.freshUntilMs) > nowMs + ttlMs) return undefined;
    return {
      variant,
      stamps: entry.stamps,
      answer: entry.answer,
      freshUntilMs: toLocal(entry.freshUntilMs),
      endsAtMs: entry.endsAtMs === null ? Number.POSITIVE_INFINITY : toLocal(entry.endsAtMs),
    };
  }

  return {
    isUsable: (nowMs) => trust.answeredAtMs() > openedAtMs && trust.isTrusted(nowMs),

    async read(request, known) {
      try {
        return await withTimeout(
          readAll(request, known),
          sharedReadTimeoutMs,
          () => new Error(`Redis did not answer within ${sharedReadTimeoutMs} ms`),
        );
      } catch (error) {
        openedAtMs = clock();
        onEvent({ kind: "shared_failed", operation: "read", error });
        throw error;
      }
    },

    write(key, { variant, stamps, answer, freshUntilMs, endsAtMs }) {
      const nowMs = clock();
      const shared = trust.sharedTime(nowMs);
      if (shared === undefined || writes >= writesMax) return;
      const toShared = (localMs: number): number => Math.floor(shared.earliestMs + localMs - nowMs);
      const expiresAtMs = toShared(Math.min(freshUntilMs, endsAtMs));
      if (expiresAtMs <= shared.earliestMs) return;
      const bytes = encodeEntry({
        key,
        variant,
        build,
        stamps,
        answer,
        freshUntilMs: toShared(freshUntilMs),
        endsAtMs: endsAtMs === Number.POSITIVE_INFINITY ? null : toShared(endsAtMs),
      });
      writes++;
      // A moment, not a duration: a write that arrives late must not live longer.
      redis
        .set(key, bytes, "PXAT", expiresAtMs)
        .catch((error: unknown) => onEvent({ kind: "shared_failed", operation: "write", error }))
        .finally(() => writes--);
    },
  };
}
