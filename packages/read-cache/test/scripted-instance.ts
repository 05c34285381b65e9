import { organizationsRead, userScope, type Scope } from "@leftrail/cache-keys";
import { ProblemError } from "@leftrail/contract";
import type { OutboxRow } from "@leftrail/store";
import { createEpochTable } from "../src/epoch-table.ts";
import type { CacheEvent } from "../src/cache-event.ts";
import { foundOf } from "../src/found.ts";
import type { KnownEpochs, Loaded, ReadAnswer, SharedEntry } from "../src/ports.ts";
import { createReadCache } from "../src/read-cache.ts";

export const user = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";
export const keyed = organizationsRead(user);
export const scope: Scope = userScope(user);

const startMs = 1_000_000;

/**
 * One instance of which a test decides when each answer of Redis and of the database comes, and what it
 * is. At first everything is proven, and Redis has two epochs and no entry.
 */
export function scriptedInstance() {
  const table = createEpochTable();
  const events: CacheEvent[] = [];
  const state = {
    nowMs: startMs,
    provenAtMs: startMs,
    isSharedUsable: true,
    epochs: ["user-1", "all-1"],
    entry: undefined as SharedEntry | undefined,
    pending: [] as OutboxRow[],
    hasHeardTheRelay: true,
  };
  const asked: KnownEpochs[] = [];
  /** Between what Redis says and its coming here. */
  let onItsWay: (() => Promise<void> | void) | undefined;

  const cache = createReadCache({
    table,
    feed: { provenAtMs: () => state.provenAtMs, hasHeard: () => state.hasHeardTheRelay },
    shared: {
      isUsable: () => state.isSharedUsable,
      async read(_request, known) {
        asked.push(known);
        const { epochs, entry } = state;
        await onItsWay?.();
        return { epochs, open: (variant) => (entry?.variant === variant ? entry : undefined) };
      },
      write: (_key, entry) => void (state.entry = entry),
    },
    outbox: { look: async () => ({ rows: state.pending, mark: { session: "relay", number: 1 } }) },
    ping: async () => undefined,
    clock: () => state.nowMs,
    onEvent: (event) => events.push(event),
  });

  const ask = (load: () => Promise<Loaded>, variant = ""): Promise<string> =>
    cache.read({ read: keyed, variant, load }).then(textOf);

  return {
    cache,
    table,
    events,
    state,
    asked,
    ask,
    /** What would be answered without asking anybody. */
    hit: (variant = "") => {
      const answer = cache.hit(keyed.key, variant);
      return answer?.kind === "found" ? answer.body : answer?.kind;
    },
    /** An answer of the database that comes when the test says so. */
    holdLoad: () => {
      const { promise, resolve, reject } = Promise.withResolvers<Loaded>();
      let isRunning = false;
      return {
        load: () => {
          isRunning = true;
          return promise;
        },
        isRunning: () => isRunning,
        answer: (body: string) => resolve(loaded(body)),
        fail: () => reject(unavailable()),
      };
    },
    onItsWay: (during: typeof onItsWay) => void (onItsWay = during),
    /** As another instance that filled with these epochs. */
    putEntry: (body: string, over: Partial<SharedEntry> = {}) => {
      state.entry = {
        variant: "",
        stamps: state.epochs,
        answer: foundOf(body),
        freshUntilMs: state.nowMs + 60_000,
        endsAtMs: Number.POSITIVE_INFINITY,
        ...over,
      };
    },
    /** The relay replaces the user's epoch; its message is heard unless this instance is deaf. */
    invalidate: ({ isHeard = true } = {}) => {
      state.epochs = [`${state.epochs[0]}+`, "all-1"];
      if (isHeard) table.forget([scope]);
    },
  };
}

export const loaded = (body: string, endsInMs: number | null = null): Loaded => ({
  kind: "found",
  body,
  endsInMs,
});
export const say = (body: string) => async (): Promise<Loaded> => loaded(body);
export const unavailable = (): ProblemError => new ProblemError("unavailable", "down");
export const refuse = async (): Promise<Loaded> => {
  throw unavailable();
};

const textOf = (answer: ReadAnswer): string =>
  answer.kind === "found" ? `${answer.body} (${answer.tier})` : `absent (${answer.tier})`;
