import { mapMethods } from "./map-methods.ts";
import type { Change } from "./store.ts";

/** What a unit did; tells whether it may commit. */
export interface UnitGuard {
  readonly change: Change;
  /** Throws when state was written without its audit entry, or an entry without state. */
  assertComplete(): void;
}

/**
 * Watches an engine's unit of work, so that the audit entry can't be forgotten,
 * doubled or followed by another write. Every function under `write` is watched,
 * also those that are added later.
 */
export function guardUnit(unit: Change): UnitGuard {
  let wrote = false;
  let audited = false;

  const watched = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (audited)
        throw new Error("a write after the audit entry: the entry is the last thing in a unit of work");
      const result = await write(...args);
      if (result !== undefined && result !== false) wrote = true;
      return result;
    };
  };

  return {
    change: {
      ...unit,
      write: mapMethods(unit.write, watched),
      audit: async (entry) => {
        if (audited) throw new Error("a second audit entry in one unit of work");
        audited = true;
        return unit.audit(entry);
      },
    },
    assertComplete() {
      if (wrote && !audited) throw new Error("state was written without its audit entry");
      if (audited && !wrote) throw new Error("an audit entry without a state change");
    },
  };
}
