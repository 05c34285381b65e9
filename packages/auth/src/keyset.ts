import { createLocalJWKSet } from "jose";
import type { LocalJWKSet } from "jose";
import type { AuthEvent } from "./auth-event.ts";
import { describeError } from "./describe-error.ts";
import { pickUsableKeys } from "./usable-keys.ts";

/** How old a set may get before a tick fetches it anew. */
export const jwksRefreshMs = 5 * 60 * 1000;

/** How long the last good keys keep verifying when the issuer can't be reached. */
export const jwksStaleMaxMs = 24 * 60 * 60 * 1000;

/** Least time between two fetches that tokens cause. */
export const jwksCooldownDefaultMs = 5_000;

export interface Keys {
  readonly find: LocalJWKSet;
  /** Grows whenever the content of the set changes; a proof made with an older one is void. */
  readonly generation: number;
}

/** `pending`: never fetched. `stale`: the last fetch failed, the older keys serve. `expired`: too old to serve. */
export type KeysetState = "pending" | "fresh" | "stale" | "expired";

/** The keys of one issuer, and when they are fetched. None of its promises rejects. */
export interface Keyset {
  /** The keys that may verify now, or null before the first fetch and after a day of outage. */
  usable(nowMs: number): Keys | null;
  /** A token needs what is not there: fetches, unless tokens caused a fetch, or one failed, within the cooldown. */
  demand(nowMs: number): Promise<void>;
  /** Fetches when the set is due: after `refreshMs`, or after the cooldown when the last fetch failed. */
  tick(nowMs: number): Promise<void>;
  state(nowMs: number): KeysetState;
  /** Since the last successful fetch began; null before it. */
  ageMs(nowMs: number): number | null;
}

export interface KeysetOptions {
  readonly issuer: string;
  readonly fetchKeys: () => Promise<readonly unknown[]>;
  readonly clock: () => number;
  readonly onEvent: (event: AuthEvent) => void;
  readonly cooldownMs: number;
  readonly refreshMs: number;
  readonly staleMaxMs: number;
}

export function createKeyset(options: KeysetOptions): Keyset {
  const { issuer, cooldownMs } = options;
  let keys: Keys | null = null;
  let usableCount = 0;
  let fingerprint = "";
  let fetchedAtMs: number | null = null;
  let lastFailed = false;
  let coolUntilMs = Number.NEGATIVE_INFINITY;
  let flight: Promise<void> | null = null;

  function adopt(fetched: readonly unknown[], startedMs: number): boolean {
    const picked = pickUsableKeys(fetched);
    // Order carries no meaning, so a server that shuffles its keys changes nothing.
    const print = picked
      .map((key) => JSON.stringify(key))
      .toSorted()
      .join("\n");
    const changed = keys === null || print !== fingerprint;
    if (changed) {
      keys = { find: createLocalJWKSet({ keys: [...picked] }), generation: (keys?.generation ?? 0) + 1 };
    }
    fingerprint = print;
    usableCount = picked.length;
    fetchedAtMs = startedMs;
    lastFailed = false;
    return changed;
  }

  async function attempt(startedMs: number) {
    try {
      const fetched = await options.fetchKeys();
      const changed = adopt(fetched, startedMs);
      return { kind: "jwks_refreshed", changed, usableKeys: usableCount } as const;
    } catch (error) {
      lastFailed = true;
      coolUntilMs = Math.max(coolUntilMs, startedMs + cooldownMs);
      return { kind: "jwks_failed", reason: describeError(error) } as const;
    }
  }

  async function fetchOnce(startedMs: number): Promise<void> {
    const outcome = await attempt(startedMs);
    options.onEvent({ ...outcome, issuer, durationMs: options.clock() - startedMs });
  }

  function refresh(nowMs: number): Promise<void> {
    flight ??= fetchOnce(nowMs).finally(() => {
      flight = null;
    });
    return flight;
  }

  const ageMs = (nowMs: number): number | null => (fetchedAtMs === null ? null : nowMs - fetchedAtMs);

  function usable(nowMs: number): Keys | null {
    const age = ageMs(nowMs);
    return age !== null && age <= options.staleMaxMs ? keys : null;
  }

  return {
    usable,
    ageMs,

    async demand(nowMs) {
      if (flight !== null) return flight;
      if (nowMs < coolUntilMs) return;
      coolUntilMs = nowMs + cooldownMs;
      await refresh(nowMs);
    },

    async tick(nowMs) {
      const age = ageMs(nowMs);
      const due = age === null || lastFailed ? nowMs >= coolUntilMs : age >= options.refreshMs;
      if (due) await refresh(nowMs);
    },

    state(nowMs) {
      if (fetchedAtMs === null) return "pending";
      if (usable(nowMs) === null) return "expired";
      return lastFailed ? "stale" : "fresh";
    },
  };
}
