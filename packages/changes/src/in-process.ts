import { randomUUID } from "node:crypto";
import type { RelayMark } from "@leftrail/store";
import type { ChangeBus, ChangeListener } from "./ports.ts";

/** The bus and its other end where the relay and the cache live in one process. */
export interface InProcessChanges {
  readonly bus: ChangeBus;
  /** The moment of the process's clock before which every commit has been heard here; -Infinity: none yet. */
  provenAtMs(): number;
  /** Whether everything said up to the mark has been heard here. */
  hasHeard(mark: RelayMark): boolean;
  listen(listener: ChangeListener): void;
}

/** `clock`: monotonic, in milliseconds. */
export function createInProcessChanges(clock: () => number): InProcessChanges {
  const listeners = new Set<ChangeListener>();
  let session = randomUUID();
  let number = 0;
  let provenAtMs = Number.NEGATIVE_INFINITY;
  const mark = (): RelayMark => ({ session, number: ++number });
  return {
    bus: {
      now: async () => clock(),
      restart() {
        session = randomUUID();
        for (const listener of listeners) listener.forgetAll();
      },
      async publish({ scopes }) {
        for (const listener of listeners) listener.forget(scopes);
        return mark();
      },
      async beat(provenMs) {
        provenAtMs = Math.max(provenAtMs, provenMs);
        return mark();
      },
    },
    provenAtMs: () => provenAtMs,
    hasHeard: (said) => said.session === session && said.number <= number,
    listen: (listener) => void listeners.add(listener),
  };
}
