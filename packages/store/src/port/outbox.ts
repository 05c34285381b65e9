import type { Scope } from "@leftrail/cache-keys";

/** One change of what caches depend on, as it waits for the relay. */
export interface OutboxRow {
  readonly id: number;
  readonly scope: Scope;
  /** What changed: `tenant`, `membership`, `order`, `entitlement`, `override`, `product` or `boundary`. */
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
   * with it, in one step.
   */
  remove(ids: readonly number[], mark: RelayMark): Promise<void>;
  /** Records as changes (scope org, reason `boundary`) the boundaries that time reached since the last call, whoever made it. */
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
