import { comparePoints, idOf, parsePoint, type Point } from "./event-id.ts";
import { entryOverheadBytes, type HistoryLimits } from "./limits.ts";
import type { Gap, HubEvent } from "./ports.ts";
import type { RingBudget } from "./ring-budget.ts";

export interface RingEntry<Frame> extends HubEvent<Frame> {
  readonly point: Point;
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

/** The newest events of an organization's epoch without a hole among them, and the point after them. */
export interface Ring<Frame> {
  readonly position: Point;
  readonly positionId: string;
  readonly length: number;
  resume(after: string): Resumption<Frame>;
  /** The caller knows that it is next to the position. */
  append(entry: RingEntry<Frame>): void;
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
}

export function createRing<Frame>({ limits, budget, position: start }: RingOptions): Ring<Frame> {
  let entries: RingEntry<Frame>[] = [];
  let position = start;
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
  }

  function moveTo(point: Point): void {
    position = point;
    positionId = idOf(point);
  }

  function resume(after: string): Resumption<Frame> {
    if (after === positionId) return { kind: "replay", events: [] };
    const point = parsePoint(after);
    if (point === undefined) return { kind: "gap", reason: "unknown" };
    if (comparePoints(point, position) > 0) return { kind: "ahead" };
    if (point.epoch !== position.epoch) return { kind: "gap", reason: "unknown" };
    const missed = position.seq - point.seq;
    if (missed > entries.length) return { kind: "gap", reason: "expired" };
    return { kind: "replay", events: entries.slice(entries.length - missed) };
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
      entries.push(entry);
      bytes += entry.bytes;
      budget.change(entry.bytes + entryOverheadBytes);
      moveTo(entry.point);
      while (entries.length > limits.eventsMax || bytes > limits.bytesMax) dropOldest();
      budget.enforce();
    },
    reset(point) {
      budget.change(-weight());
      entries = [];
      bytes = 0;
      moveTo(point);
    },
    expire(nowMs) {
      while (entries[0] !== undefined && entries[0].atMs < nowMs - limits.ageMaxMs) dropOldest();
    },
    release() {
      budget.leave(weighed);
    },
  };
}
