import { LRUCache } from "lru-cache";
import { areCurrent, type EpochTable, type ScopeState } from "./epoch-table.ts";
import type { Answer, Found } from "./ports.ts";

/** Memory that the local tier may take, with its bookkeeping. */
export const localBytesMax = 64 * 1024 * 1024;
/** What a slot weighs beside its body: key, stamps, states of its scopes, the cache's own lists. */
const slotOverheadBytes = 1_536;

/** What was last shown under one key, and how long it may be shown again. */
export interface Slot {
  readonly answer: Answer;
  /** Held in the table while the slot lives. */
  readonly states: readonly ScopeState[];
  /** The epochs that were read before the answer was; null: none could be read, so it is never a hit. */
  readonly stamps: readonly string[] | null;
  /** The table's moment before the answer was read. */
  readonly moment: number;
  /** When the read began that got the answer; of two, the one that began later shows later data. */
  readonly readAtMs: number;
  /** When it was first shown: data from before must not be shown after it. */
  readonly shownAtMs: number;
  readonly freshUntilMs: number;
  readonly endsAtMs: number;
}

/** The answers of this process, bounded in bytes. */
export interface LocalTier {
  get(id: string): Slot | undefined;
  /** Holds the slot's states until it goes. */
  set(id: string, slot: Slot): void;
  readonly bytes: number;
}

export function createLocalTier(table: EpochTable, bytesMax: number): LocalTier {
  const slots = new LRUCache<string, Slot>({
    maxSize: bytesMax,
    sizeCalculation: ({ answer }) => slotOverheadBytes + (answer.kind === "found" ? weightOf(answer) : 0),
    dispose: ({ states }) => table.release(states),
  });
  return {
    get: (id) => slots.get(id),
    set(id, slot) {
      table.hold(slot.states.map(({ scope }) => scope));
      slots.set(id, slot);
      // One that is larger than the whole tier is not taken, and not disposed of either.
      if (slots.peek(id) !== slot) table.release(slot.states);
    },
    get bytes() {
      return slots.calculatedSize;
    },
  };
}

/** V8 keeps a text in one byte a character, or in two where one of them needs that. */
const weightOf = ({ body, bodyBytes }: Found): number =>
  bodyBytes === body.length ? bodyBytes : 2 * body.length;

/** Whether a slot may be shown as it is by what this process knows. */
export const isFresh = (slot: Slot, nowMs: number): boolean =>
  slot.stamps !== null &&
  nowMs < slot.freshUntilMs &&
  nowMs < slot.endsAtMs &&
  areCurrent(slot.states, slot.stamps);
