import { mapMethods } from "./map-methods.ts";
import type { NewAuditEntry, ReportedAuditEntry } from "./port/audit.ts";
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
  let ended: "open" | "audited" | "reported" = "open";

  const watched = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (ended !== "open")
        throw new Error("a write after the audit entry: the entry is the last thing in a unit of work");
      const result = await write(...args);
      if (result !== undefined && result !== false) wrote = true;
      return result;
    };
  };
  const ending = <E, R>(append: (entry: E) => Promise<R>, as: "audited" | "reported") => {
    return async (entry: E): Promise<R> => {
      if (ended !== "open") throw new Error("a second audit entry in one unit of work");
      ended = as;
      return append(entry);
    };
  };

  return {
    change: {
      ...unit,
      write: mapMethods(unit.write, watched),
      audit: ending((entry: NewAuditEntry) => unit.audit(entry), "audited"),
      report: ending((entry: ReportedAuditEntry) => unit.report(entry), "reported"),
    },
    assertComplete() {
      if (wrote && ended !== "audited") throw new Error("state was written without its audit entry");
      if (!wrote && ended === "audited") throw new Error("an audit entry without a state change");
    },
  };
}
