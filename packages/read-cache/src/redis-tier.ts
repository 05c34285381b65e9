import { randomBytes } from "node:crypto";
import { epochKey, epochTtlSeconds, type Scope } from "@leftrail/cache-keys";
import type { Redis } from "ioredis";
import type { CacheEvent } from "./cache-event.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import { sharedReadTimeoutMs } from "./limits.ts";
import type { SharedEntry, SharedReading, SharedTier } from "./ports.ts";
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

/** Entries and epochs in Redis. Commands have one key each, so that they can be spread over a cluster. */
export function createRedisTier(options: RedisTierOptions): SharedTier {
  const { redis, trust, build, clock, onEvent = () => {} } = options;
  // Opened by a read that failed; closed by the tail's next answer, so that no request has to try.
  let openedAtMs = Number.NEGATIVE_INFINITY;
  let writes = 0;

  async function readAll(key: string, scopes: readonly Scope[]) {
    // Sent in one go, answered in order. What can't be read as a value is a miss.
    const [value, ...epochs] = await Promise.all([
      redis.getBuffer(key).catch(notOfThisType),
      ...scopes.map((scope) => readEpoch(redis, scope)),
    ]);
    return { value, epochs };
  }

  function open(key: string, variant: string, value: Buffer | null): SharedEntry | undefined {
    if (value === null) return undefined;
    const entry = decodeEntry(value);
    if (entry === undefined) {
      onEvent({ kind: "corrupt" });
      return undefined;
    }
    const nowMs = clock();
    const shared = trust.sharedTime(nowMs);
    if (shared === undefined) return undefined;
    if (entry.key !== key || entry.variant !== variant || entry.build !== build) {
      onEvent({ kind: "foreign" });
      return undefined;
    }
    const toLocal = (sharedMs: number): number => nowMs + sharedMs - shared.latestMs;
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

    async read({ key, scopes }): Promise<SharedReading> {
      try {
        const { value, epochs } = await withTimeout(
          readAll(key, scopes),
          sharedReadTimeoutMs,
          () => new Error(`Redis did not answer within ${sharedReadTimeoutMs} ms`),
        );
        return { epochs, open: (variant) => open(key, variant, value) };
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

/** Used for a while longer each time it is read; made when it is not there, replaced when it is no text. */
async function readEpoch(redis: Redis, scope: Scope): Promise<string> {
  const key = epochKey(scope);
  const epoch = await redis.getex(key, "EX", epochTtlSeconds).catch(notOfThisType);
  if (epoch !== null) return epoch;
  const minted = mintEpoch();
  if ((await redis.set(key, minted, "EX", epochTtlSeconds, "NX")) === "OK") return minted;
  const theirs = await redis.get(key).catch(notOfThisType);
  if (theirs !== null) return theirs;
  await redis.set(key, minted, "EX", epochTtlSeconds);
  return minted;
}

const mintEpoch = (): string => randomBytes(9).toString("base64url");

function notOfThisType(error: unknown): null {
  if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return null;
  throw error;
}
