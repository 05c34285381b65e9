import type { Scope } from "@leftrail/cache-keys";
import type { Announcement } from "./announcements.ts";

/** One change of what caches depend on, as it waits for the relay. */
export interface OutboxRow {
  readonly id: number;
  readonly scope: Scope;
  /** What changed: `tenant`, `membership`, `order`, `entitlement`, `override` or `product`; `entitlement-boundary` or `override-boundary` where time did it. */
  readonly reason: string;
  /** Milliseconds since the row was written, by the engine's clock. */
  readonly ageMs: number;
}

/** Where a relay stood on its bus: what it says within a session is numbered. */
export interface RelayMark {
  readonly session: string;
  readonly number: number;
}

/** What one look at the outbox shows, at one moment. */
export interface OutboxLook {
  /**
   * Changes that are committed and not yet relayed, oldest first, at most so many as asked for. A change that
   * concerns whoever sees a tenant is there once for each user who sees it now.
   */
  readonly rows: readonly OutboxRow[];
  /** What had been said of all others, on the bus of whoever took them away; undefined before the first. */
  readonly mark: RelayMark | undefined;
}

export interface OutboxReads {
  look(limit: number): Promise<OutboxLook>;
}

export interface OutboxLease extends AsyncDisposable {
  /** Changes that were committed when it was called and are not yet taken away, oldest first, at most `limit`. */
  pending(limit: number): Promise<readonly OutboxRow[]>;
  /**
   * Takes relayed rows away; exactly these, for rows commit out of the order of their ids. The mark is kept
   * with it, and what organizations are to be told of it is announced, in one step.
   */
  remove(ids: readonly number[], mark: RelayMark): Promise<void>;
  /** What is due to be told, oldest first, at most `limit`. */
  announcements(limit: number): Promise<readonly Announcement[]>;
  /** It has been told: it does not come again, and one that goes on comes with the next organizations. */
  announced(announcement: Announcement): Promise<void>;
  /** Records as changes (scope org) the boundaries that time reached since the last call, whoever made it. */
  recordBoundaries(): Promise<void>;
}

export interface Outbox {
  /**
   * Leadership over the outbox: one process at a time, until disposed of or lost.
   * Undefined: another has it. Any method of a lost lease throws `unavailable`.
   * On Postgres a lease that is not used for 1.5 s is lost.
   */
  tryLead(): Promise<OutboxLease | undefined>;
  /** Calls back at once and when rows may be waiting; a connection that is lost is made again, and calls back then. */
  onPending(listener: () => void): Promise<AsyncDisposable>;
}
