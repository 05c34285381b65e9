/** What the budget must know of a ring. */
interface Weighed {
  /** What it holds, in bytes. */
  readonly weight: number;
  /** Takes its oldest event away. */
  dropOldest(): void;
}

/** Keeps all rings of a process below a number of bytes: over it, the fullest loses its oldest. */
export interface RingBudget {
  enter(ring: Weighed): void;
  leave(ring: Weighed): void;
  /** A ring has become heavier, or lighter. */
  change(bytes: number): void;
  /** Takes away what is too much. */
  enforce(): void;
}

/** Freed at once, as a part of the whole: looking for the fullest ring is not for every event. */
const freedPart = 1 / 64;

export function createRingBudget(bytesMax: number): RingBudget {
  const rings = new Set<Weighed>();
  let bytes = 0;

  function fullest(): Weighed | undefined {
    let found: Weighed | undefined;
    for (const ring of rings) if (ring.weight > (found?.weight ?? 0)) found = ring;
    return found;
  }

  return {
    enter: (ring) => void rings.add(ring),
    leave(ring) {
      if (rings.delete(ring)) bytes -= ring.weight;
    },
    change: (by) => void (bytes += by),
    enforce() {
      if (bytes <= bytesMax) return;
      const wanted = bytesMax * (1 - freedPart);
      const isTooMuch = (): boolean => bytes > wanted;
      while (isTooMuch()) {
        const ring = fullest();
        if (ring === undefined) return;
        // Down to the average, so that one look serves for many events, and the others keep theirs.
        const share = wanted / rings.size;
        do ring.dropOldest();
        while (isTooMuch() && ring.weight > share);
      }
    },
  };
}
