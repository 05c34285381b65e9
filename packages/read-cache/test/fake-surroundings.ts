import { organizationsRead, userScope, type KeyedRead, type Scope } from "@leftrail/cache-keys";
import { ProblemError } from "@leftrail/contract";
import type { OutboxRow } from "@leftrail/store";
import { createEpochTable } from "../src/epoch-table.ts";
import type { CacheEvent } from "../src/cache-event.ts";
import type { Loaded, SharedEntry, SharedTier } from "../src/ports.ts";
import { createReadCache } from "../src/read-cache.ts";

/** What instances share, faked in memory: entries, epochs, the truth in the database, and time. */
export interface FakeWorld {
  nowMs: number;
  truth: string | null;
  readonly pending: OutboxRow[];
  readonly epochs: Map<Scope, string>;
  readonly entries: Map<string, SharedEntry>;
  isSharedUsable: boolean;
  isDatabaseUp: boolean;
  endsInMs: number | null;
  /** As the relay does it: another epoch, then everybody hears of it. */
  invalidate(...scopes: Scope[]): void;
  /** As a write that the relay has not seen yet. */
  commit(truth: string | null, ...scopes: Scope[]): void;
  /** The relay takes what is pending. */
  relay(): void;
}

export const user = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";
export const read: KeyedRead = organizationsRead(user);
export const scope: Scope = userScope(user);

/** A world and as many instances in it as are opened. */
export function fakeWorld() {
  const tables = new Set<ReturnType<typeof createEpochTable>>();
  let minted = 0;
  const world: FakeWorld = {
    nowMs: 1_000_000,
    truth: "first",
    pending: [],
    epochs: new Map(),
    entries: new Map(),
    isSharedUsable: true,
    isDatabaseUp: true,
    endsInMs: null,
    invalidate(...scopes) {
      for (const each of scopes) world.epochs.set(each, `epoch-${++minted}`);
      for (const table of tables) table.forget(scopes);
    },
    commit(truth, ...scopes) {
      world.truth = truth;
      for (const each of scopes) world.pending.push({ id: ++minted, scope: each, reason: "test", ageMs: 0 });
    },
    relay() {
      const scopes = world.pending.splice(0).map((row) => row.scope);
      world.invalidate(...scopes);
    },
  };

  const shared = (): SharedTier => ({
    isUsable: () => world.isSharedUsable,
    async read({ key, scopes }) {
      const epochs = scopes.map((each) => {
        const epoch = world.epochs.get(each) ?? `epoch-${++minted}`;
        world.epochs.set(each, epoch);
        return epoch;
      });
      const entry = world.entries.get(key);
      return { epochs, open: (variant) => (entry?.variant === variant ? entry : undefined) };
    },
    write: (key, entry) => void world.entries.set(key, entry),
  });

  /** An instance, proven as long as `beat` is called. */
  const openInstance = (options: { readonly localBytesMax?: number } = {}) => {
    const table = createEpochTable();
    tables.add(table);
    const events: CacheEvent[] = [];
    const loads = { count: 0, running: 0, runningMax: 0 };
    let provenAtMs = Number.NEGATIVE_INFINITY;
    let gate: Promise<void> | undefined;
    const cache = createReadCache({
      table,
      feed: { provenAtMs: () => provenAtMs, hasHeard: () => true },
      shared: shared(),
      outbox: {
        async look(limit) {
          if (!world.isDatabaseUp) throw new ProblemError("unavailable", "down");
          return { rows: world.pending.slice(0, limit), mark: { session: "relay", number: 1 } };
        },
      },
      ping: async () => {
        if (!world.isDatabaseUp) throw new ProblemError("unavailable", "down");
      },
      clock: () => world.nowMs,
      onEvent: (event) => events.push(event),
      ...options,
    });
    const load = async (): Promise<Loaded> => {
      loads.count++;
      loads.running++;
      loads.runningMax = Math.max(loads.runningMax, loads.running);
      try {
        if (!world.isDatabaseUp) throw new ProblemError("unavailable", "down");
        const { truth, endsInMs } = world;
        await gate;
        return truth === null ? { kind: "absent" } : { kind: "found", body: truth, endsInMs };
      } finally {
        loads.running--;
      }
    };
    const get = async (keyed: KeyedRead = read, variant = ""): Promise<string> => {
      const hit = cache.hit(keyed.key, variant);
      const answer =
        hit === undefined
          ? await cache.read({ read: keyed, variant, load })
          : { ...hit, tier: "l1" as const };
      return answer.kind === "absent" ? `absent (${answer.tier})` : `${answer.body} (${answer.tier})`;
    };
    return {
      cache,
      table,
      events,
      loads,
      get,
      /** The relay's proof of this very moment arrives. */
      beat: () => void (provenAtMs = world.nowMs),
      /** The table hears nothing any more, as where the relay is not heard. */
      deafen: () => void tables.delete(table),
      /** Loads begun from here on hold what they have read until the call's result is called. */
      holdLoads: () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        gate = promise;
        return () => {
          gate = undefined;
          resolve();
        };
      },
    };
  };
  return { world, openInstance };
}
