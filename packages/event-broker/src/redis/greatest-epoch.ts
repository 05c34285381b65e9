/** The greatest epoch that this end has seen, of all organizations: what it asks for must be above. */
export interface GreatestEpoch {
  see(epoch: number): void;
  /** For a history that has to begin anew. */
  readonly next: number;
}

export function createGreatestEpoch(): GreatestEpoch {
  let greatest = 0;
  return {
    see: (epoch) => void (greatest = Math.max(greatest, epoch)),
    get next() {
      return greatest + 1;
    },
  };
}
