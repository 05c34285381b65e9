import type { EventHubs } from "@leftrail/event-broker";
import type { AccessWatch } from "./access-watch.ts";
import type { Frame } from "./frame.ts";
import { endGraceMs, retryJitterMs, retryMinMs, tickIntervalMs } from "./limits.ts";
import { ReplayPieces } from "./replay-pieces.ts";
import {
  StreamConnection,
  type ConnectionKeeper,
  type ConnectionOptions,
  type EndReason,
} from "./stream-connection.ts";
import type { TicketPlace, TicketPlaces } from "./ticket-places.ts";
import { Wheel } from "./wheel.ts";

export interface StreamSettings {
  readonly heartbeatMs: number;
  /** On this instance, as the next one. */
  readonly perUserMax: number;
  readonly perOrganizationMax: number;
  /** Over how long streams end once the process is to stop. */
  readonly drainMs: number;
}

/** What happens to streams that an operator logs. */
export type StreamEvent = { readonly connection: StreamConnection } & (
  | { readonly kind: "opened"; readonly isResumed: boolean }
  | { readonly kind: "ended"; readonly reason: EndReason; readonly durationMs: number }
);

export interface StreamsOptions {
  readonly hubs: EventHubs<Frame>;
  readonly settings: StreamSettings;
  readonly access: AccessWatch;
  readonly tickets: TicketPlaces;
  readonly isDraining: () => boolean;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly random: () => number;
  /** Calls `run` again and again until disposed. */
  readonly every: (intervalMs: number, run: () => void) => Disposable;
  readonly onEvent: (event: StreamEvent) => void;
}

/** Whether one more stream may open, and why not. */
export type Room = "enough" | "too many of this user" | "too many of this organization" | "draining";

export type OpenOptions = Omit<ConnectionOptions, "keeper"> & {
  /** Of the answer that showed the user's access. */
  readonly accessEtag: string;
  /** The place that the stream has on its ticket. */
  readonly place: TicketPlace | undefined;
};

/** All streams of a process. One timer serves them, and only while there are any. */
export class Streams implements ConnectionKeeper {
  sentEvents = 0;
  readonly pieces = new ReplayPieces();
  readonly wallClock: () => number;
  readonly #options: StreamsOptions;
  readonly #connections: Wheel<StreamConnection>;
  readonly #perOrganization = new Map<string, number>();
  /** Ended, but not yet read to their end. */
  readonly #ending = new Map<StreamConnection, number>();
  #ticking: Disposable | undefined;
  /** No connection has anything due before. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #drain:
    | { readonly beganMs: number; readonly connections: StreamConnection[]; readonly count: number }
    | undefined;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.wallClock = options.wallClock;
    const { heartbeatMs } = options.settings;
    this.#connections = new Wheel({ periodMs: heartbeatMs, stepMs: Math.min(tickIntervalMs, heartbeatMs) });
  }

  get connections(): Iterable<StreamConnection> {
    return this.#connections;
  }

  get endingCount(): number {
    return this.#ending.size;
  }

  roomFor(userId: string, organizationId: string): Room {
    const { settings, isDraining, access } = this.#options;
    if (isDraining()) return "draining";
    if (access.countOf(userId) >= settings.perUserMax) return "too many of this user";
    const count = this.#perOrganization.get(organizationId) ?? 0;
    return count >= settings.perOrganizationMax ? "too many of this organization" : "enough";
  }

  /** The caller has made sure of access and room; the headers are on their way. */
  open({ accessEtag, place, ...options }: OpenOptions): void {
    const { hubs, access, tickets, clock, random, onEvent } = this.#options;
    const { response, organizationId, after } = options;
    const connection = new StreamConnection({ ...options, keeper: this });
    this.#begin(clock());
    this.#connections.add(connection);
    this.#perOrganization.set(organizationId, (this.#perOrganization.get(organizationId) ?? 0) + 1);
    access.add(connection, accessEtag);
    if (place !== undefined) tickets.add(connection, place);
    onEvent({ kind: "opened", connection, isResumed: after !== undefined });

    response.on("close", () => connection.onClose());
    connection.retryAfter(retryMinMs + random() * retryJitterMs);
    connection.attachTo(hubs, after);
    const dueMs = this.wallClock() + tickIntervalMs;
    if (connection.deadlineMs <= dueMs) connection.onDeadline(dueMs);
    this.#deadlineMs = Math.min(this.#deadlineMs, connection.deadlineMs);
  }

  onOver(connection: StreamConnection, reason: EndReason): void {
    const { access, tickets, clock, onEvent } = this.#options;
    const { organizationId } = connection;
    this.#connections.remove(connection);
    const count = (this.#perOrganization.get(organizationId) ?? 0) - 1;
    if (count > 0) this.#perOrganization.set(organizationId, count);
    else this.#perOrganization.delete(organizationId);
    access.remove(connection);
    tickets.remove(connection);
    if (reason !== "gone") this.#ending.set(connection, clock() + endGraceMs);
    onEvent({ kind: "ended", connection, reason, durationMs: this.wallClock() - connection.openedAtMs });
  }

  /** Does whatever is due; again and again while there are streams. */
  tick(): void {
    const { access, tickets, clock } = this.#options;
    const nowMs = clock();
    this.#endSome(nowMs);
    this.#meetDeadlines(this.wallClock());
    this.#connections.advance(nowMs, (connection) => connection.onHeartbeat());
    access.advance(nowMs);
    tickets.advance(nowMs);
    this.#closeEnding(nowMs);
    if (this.#connections.size > 0 || this.#ending.size > 0) return;
    this.#ticking?.[Symbol.dispose]();
    this.#ticking = undefined;
  }

  #begin(nowMs: number): void {
    if (this.#ticking !== undefined) return;
    const { every, access, tickets, settings } = this.#options;
    this.#connections.begin(nowMs);
    access.begin(nowMs);
    tickets.begin(nowMs);
    this.#ticking = every(Math.min(tickIntervalMs, settings.heartbeatMs), () => this.tick());
  }

  #meetDeadlines(wallMs: number): void {
    // A step early, for at the end of its token a stream is over.
    const dueMs = wallMs + tickIntervalMs;
    if (dueMs < this.#deadlineMs) return;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#connections.visitAll((connection) => {
      if (connection.deadlineMs <= dueMs) connection.onDeadline(dueMs);
      if (!connection.isOver) this.#deadlineMs = Math.min(this.#deadlineMs, connection.deadlineMs);
    });
  }

  /** While draining: as many as are due, so that they end evenly over the time that there is. */
  #endSome(nowMs: number): void {
    const { isDraining, settings } = this.#options;
    if (!isDraining()) return;
    if (this.#drain === undefined) {
      const connections = [...this.#connections];
      this.#drain = { beganMs: nowMs, connections, count: connections.length };
    }
    const { beganMs, connections, count } = this.#drain;
    const isTimeUp = nowMs - beganMs >= settings.drainMs;
    const left = isTimeUp ? 0 : Math.floor(count * (1 - (nowMs - beganMs) / settings.drainMs));
    while (connections.length > left) connections.pop()?.end("draining");
  }

  #closeEnding(nowMs: number): void {
    for (const [connection, untilMs] of this.#ending) {
      if (nowMs >= untilMs) connection.destroy();
      if (connection.isClosed || nowMs >= untilMs) this.#ending.delete(connection);
    }
  }
}
