/** Where something stands on a wheel; the wheel's own. */
export interface OnWheel {
  slot: number;
  index: number;
}

/**
 * Visits everything on it once in a period, evenly spread over it: one timer for any number of things, which
 * cost two numbers each.
 */
export class Wheel<T extends OnWheel> {
  readonly #slots: T[][];
  readonly #slotMs: number;
  #at = 0;
  #atMs = 0;
  #next = 0;
  #size = 0;

  constructor({ periodMs, stepMs }: { readonly periodMs: number; readonly stepMs: number }) {
    const count = Math.max(1, Math.round(periodMs / stepMs));
    this.#slots = Array.from({ length: count }, () => []);
    this.#slotMs = periodMs / count;
  }

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    const slot = this.#slots[this.#next];
    if (slot === undefined) return;
    item.slot = this.#next;
    item.index = slot.length;
    slot.push(item);
    this.#next = (this.#next + 1) % this.#slots.length;
    this.#size++;
  }

  /** Only what is on it. */
  remove(item: T): void {
    const slot = this.#slots[item.slot] ?? [];
    const last = slot.pop();
    this.#size--;
    if (last === undefined || last === item) return;
    last.index = item.index;
    slot[item.index] = last;
  }

  /** The time begins to count. */
  begin(nowMs: number): void {
    this.#atMs = nowMs;
  }

  /** Visits what has come up since, each once at most; a visit may remove what it visits. */
  advance(nowMs: number, visit: (item: T) => void): void {
    const steps = Math.floor((nowMs - this.#atMs) / this.#slotMs);
    if (steps <= 0) return;
    const count = Math.min(steps, this.#slots.length);
    this.#atMs = steps > count ? nowMs : this.#atMs + steps * this.#slotMs;
    for (let step = 0; step < count; step++) {
      this.#at = (this.#at + 1) % this.#slots.length;
      visitSlot(this.#slots[this.#at] ?? [], visit);
    }
  }

  visitAll(visit: (item: T) => void): void {
    for (const slot of this.#slots) visitSlot(slot, visit);
  }

  *[Symbol.iterator](): Generator<T> {
    for (const slot of this.#slots) yield* slot;
  }
}

/** Backwards, for a removal puts the last one in the place of the removed. */
function visitSlot<T>(slot: readonly T[], visit: (item: T) => void): void {
  for (let index = slot.length - 1; index >= 0; index--) {
    const item = slot[index];
    if (item !== undefined) visit(item);
  }
}
