/** Whether an answer's stamps are these epochs. */
export const areEqual = (stamps: readonly string[], epochs: readonly string[]): boolean =>
  stamps.length === epochs.length && stamps.every((stamp, index) => stamp === epochs[index]);
