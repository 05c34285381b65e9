import { leaseLost } from "../lease-lost.ts";
import type { Outbox, OutboxLease, OutboxReads, OutboxRow, RelayMark } from "../port/outbox.ts";
import { isAudience, namedRows } from "./audiences.ts";
import { createAnnouncements } from "./announcements.ts";
import { changesByTime } from "./boundaries.ts";
import type { ChangedScope } from "./changed-scopes.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StoredOutboxRow } from "./tables.ts";

export interface MemoryOutbox {
  readonly reads: OutboxReads;
  readonly port: Outbox;
  /** Keeps what a commit changed, and wakes who listens. */
  record(changes: readonly ChangedScope[]): void;
}

/** The outbox within one process: `rows` are its table, `clock` in epoch milliseconds. */
export function createOutbox(
  rows: Map<number, StoredOutboxRow>,
  snapshot: () => Snapshot,
  clock: () => number,
): MemoryOutbox {
  const listeners = new Set<() => void>();
  const announcements = createAnnouncements(snapshot, clock);
  let lastId = 0;
  let mark: RelayMark | undefined;
  let leader: OutboxLease | undefined;
  let boundariesUntil = snapshot().now;

  // Later, as from a database: a listener has no part in the commit that it hears of.
  const wake = (listener: () => void): void =>
    queueMicrotask(() => {
      if (listeners.has(listener)) listener();
    });

  const record = (changes: readonly ChangedScope[]): void => {
    for (const change of changes) rows.set(++lastId, { ...change, id: lastId, writtenAtMs: clock() });
    if (changes.length > 0) for (const listener of listeners) wake(listener);
  };

  const pending = (limit: number): readonly OutboxRow[] =>
    [...rows.values()]
      .flatMap((row) => namedRows(row, snapshot().tables))
      .slice(0, limit)
      .map(({ writtenAtMs, ...row }) => ({ ...row, ageMs: Math.max(0, clock() - writtenAtMs) }));

  const nameAudiences = (): void => {
    for (const row of [...rows.values()].filter(({ scope }) => isAudience(scope))) {
      rows.delete(row.id);
      for (const named of namedRows(row, snapshot().tables)) rows.set(++lastId, { ...named, id: lastId });
    }
  };

  const newLease = (): OutboxLease => {
    const lease: OutboxLease = {
      async pending(limit) {
        assertLeads(lease);
        nameAudiences();
        return pending(limit);
      },
      async remove(ids, newMark) {
        assertLeads(lease);
        announcements.announce(ids.flatMap((id) => rows.get(id) ?? []));
        for (const id of ids) rows.delete(id);
        mark = newMark;
      },
      async announcements(limit) {
        assertLeads(lease);
        return announcements.due(limit);
      },
      async announced({ id }) {
        assertLeads(lease);
        announcements.settle(id);
      },
      async recordBoundaries() {
        assertLeads(lease);
        const { tables, now } = snapshot();
        record(changesByTime(tables, boundariesUntil, now));
        boundariesUntil = now;
      },
      async [Symbol.asyncDispose]() {
        if (leader === lease) leader = undefined;
      },
    };
    return lease;
  };
  const assertLeads = (lease: OutboxLease): void => {
    if (leader !== lease) throw leaseLost();
  };

  return {
    reads: { look: async (limit) => ({ rows: pending(limit), mark }) },
    record,
    port: {
      async tryLead() {
        if (leader !== undefined) return undefined;
        leader = newLease();
        return leader;
      },
      async onPending(listener) {
        // Of its own, so that whoever listens twice is called twice and stops once.
        const own = (): void => listener();
        listeners.add(own);
        wake(own);
        return {
          async [Symbol.asyncDispose]() {
            listeners.delete(own);
          },
        };
      },
    },
  };
}
