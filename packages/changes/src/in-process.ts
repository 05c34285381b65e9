import type { ChangeBus, ChangeListener } from "./ports.ts";

/** The bus and its other end where the relay and the cache live in one process. */
export interface InProcessChanges {
  readonly bus: ChangeBus;
  /** The moment of the process's clock before which every commit has been heard here; -Infinity: none yet. */
  provenAtMs(): number;
  listen(listener: ChangeListener): void;
}

/** `clock`: monotonic, in milliseconds. */
export function createInProcessChanges(clock: () => number): InProcessChanges {
  const listeners = new Set<ChangeListener>();
  let provenAtMs = Number.NEGATIVE_INFINITY;
  return {
    bus: {
      now: async () => clock(),
      async publish({ scopes }) {
        for (const listener of listeners) listener.forget(scopes);
      },
      async beat(provenMs) {
        provenAtMs = Math.max(provenAtMs, provenMs);
      },
    },
    provenAtMs: () => provenAtMs,
    listen: (listener) => void listeners.add(listener),
  };
}
