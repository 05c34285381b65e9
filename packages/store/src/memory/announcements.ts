import type { OutboxLease } from "../port/outbox.ts";
import { announcementDelayMs, announcementOf, type AnnouncedReason } from "../port/announcements.ts";
import { inForceOf, type Snapshot } from "./snapshot.ts";

interface StoredAnnouncement {
  readonly id: number;
  readonly organizationId: string | null;
  readonly reason: AnnouncedReason;
  readonly dueAtMs: number;
}

/** What is to be told to organizations, within one process: `clock` in epoch milliseconds. */
export function createAnnouncements(snapshot: () => Snapshot, clock: () => number) {
  const waiting = new Map<number, StoredAnnouncement>();
  let lastId = 0;

  const organizationsOf = ({ organizationId }: StoredAnnouncement) => {
    const at = snapshot();
    const ids = organizationId === null ? [...at.tables.tenants.keys()].toSorted() : [organizationId];
    return ids
      .map((id) => ({ id, products: productsOf(at, id) }))
      .filter(({ products }) => organizationId !== null || products.length > 0);
  };

  return {
    /** For rows that are taken out of the outbox, each change once. */
    announce(rows: readonly { readonly scope: string; readonly reason: string }[]): void {
      const changes = rows.flatMap(({ scope, reason }) => announcementOf(scope, reason) ?? []);
      const once = new Map(changes.map((change) => [`${change.organizationId} ${change.reason}`, change]));
      for (const change of once.values()) {
        waiting.set(++lastId, { ...change, id: lastId, dueAtMs: clock() + announcementDelayMs });
      }
    },
    async due(limit: number): ReturnType<OutboxLease["announcements"]> {
      return [...waiting.values()]
        .filter(({ dueAtMs }) => dueAtMs <= clock())
        .slice(0, limit)
        .map((row) => ({
          id: row.id,
          key: `${row.id}:${row.dueAtMs}`,
          reason: row.reason,
          organizations: organizationsOf(row),
          nextAfter: null,
        }));
    },
    settle: (id: number): void => void waiting.delete(id),
  };
}

const productsOf = (at: Snapshot, organizationId: string): readonly string[] =>
  [...new Set(inForceOf(at, organizationId).map(({ product }) => product))].toSorted();
