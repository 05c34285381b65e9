import { comparePoints, idOf, parsePoint, pointBefore, type Point } from "./event-id.ts";
import { entryOverheadBytes, type HistoryLimits } from "./limits.ts";
import type { Gap, HubEvent } from "./ports.ts";
import type { RingBudget } from "./ring-budget.ts";

export interface RingEntry<Frame> extends HubEvent<Frame> {
  readonly point: Point;
  /** The id of the event before it, across epochs. */
  readonly prev: string;
  /** Of its JSON without the id. */
  readonly bytes: number;
  /** When it was published, by the clock of who holds it. */
  readonly atMs: number;
}

/** What a client that comes back with an id can be given. */
export type Resumption<Frame> =
  | { readonly kind: "replay"; readonly events: readonly HubEvent<Frame>[] }
  | { readonly kind: "gap"; readonly reason: Gap["reason"] }
  /** Higher than the position: it may come from who has heard more. */
  | { readonly kind: "ahead" };

/** The newest events of an organization without a hole among them, and the point after them. */
export interface Ring<Frame> {
  readonly position: Point;
  readonly positionId: string;
  readonly length: number;
  resume(after: string): Resumption<Frame>;
  /** The caller knows that it follows on the position. */
  append(entry: RingEntry<Frame>): void;
  /** To a later point, with nothing between. */
  moveTo(point: Point): void;
  /** To a later point, with something lost between: nobody may be led across. */
  reset(point: Point): void;
  /** Takes away what is too old. */
  expire(nowMs: number): void;
  /** Gives back its part of the budget. */
  release(): void;
}

export interface RingOptions {
  readonly limits: HistoryLimits;
  readonly budget: RingBudget;
  readonly position: Point;
  /** The id of the event before all that the ring will hold: the position's other name, where it has one. */
  readonly base: string;
}

export function createRing<Frame>({ limits, budget, ...start }: RingOptions): Ring<Frame> {
  let entries: RingEntry<Frame>[] = [];
  let { position, base } = start;
  let positionId = idOf(position);
  let bytes = 0;

  const weight = (): number => bytes + entries.length * entryOverheadBytes;
  const weighed = {
    get weight() {
      return weight();
    },
    dropOldest,
  };
  budget.enter(weighed);

  function dropOldest(): void {
    const oldest = entries.shift();
    if (oldest === undefined) return;
    bytes -= oldest.bytes;
    budget.change(-oldest.bytes - entryOverheadBytes);
    base = oldest.id;
  }

  function moveTo(point: Point): void {
    position = point;
    positionId = idOf(point);
  }

  /** Where the first entry after a point stands. */
  function indexAfter(point: Point): number {
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = entries[middle];
      if (entry !== undefined && comparePoints(entry.point, point) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function resume(after: string): Resumption<Frame> {
    if (after === positionId) return { kind: "replay", events: [] };
    const point = parsePoint(after);
    if (point === undefined) return { kind: "gap", reason: "unknown" };
    const index = indexAfter(point);
    if (index === entries.length && comparePoints(point, position) > 0) return { kind: "ahead" };
    if (isPlace(after, index)) return { kind: "replay", events: entries.slice(index) };
    return { kind: "gap", reason: index === 0 ? "expired" : "unknown" };
  }

  /** Whether nothing can have stood between the id and the entry at the index. */
  function isPlace(after: string, index: number): boolean {
    const [last, next] = [entries[index - 1], entries[index]];
    const isNextToOne = index === 0 ? after === base : after === last?.id;
    return isNextToOne || (next !== undefined && after === idOf(pointBefore(next.point)));
  }

  return {
    get position() {
      return position;
    },
    get positionId() {
      return positionId;
    },
    get length() {
      return entries.length;
    },
    resume,
    append(entry) {
      if (entries.length === 0) base = entry.prev;
      entries.push(entry);
      bytes += entry.bytes;
      budget.change(entry.bytes + entryOverheadBytes);
      moveTo(entry.point);
      while (entries.length > limits.eventsMax || bytes > limits.bytesMax) dropOldest();
      budget.enforce();
    },
    moveTo,
    reset(point) {
      budget.change(-weight());
      entries = [];
      bytes = 0;
      moveTo(point);
      base = positionId;
    },
    expire(nowMs) {
      while (entries[0] !== undefined && entries[0].atMs < nowMs - limits.ageMaxMs) dropOldest();
    },
    release() {
      budget.leave(weighed);
    },
  };
}
