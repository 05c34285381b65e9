/** An event as its publisher hands it in. */
export interface NewEvent {
  readonly type: string;
  /** When it happened: ISO-8601, UTC, milliseconds, `Z`. */
  readonly occurredAt: string;
  /** Any JSON value. */
  readonly data: unknown;
  /** The same key twice within a day is one event, and answers the first one's id. */
  readonly eventKey?: string;
}

/** An event as it was published. */
export interface PublishedEvent {
  /** Opaque to clients; grows within an organization, and is never given twice. */
  readonly id: string;
  readonly type: string;
  /** `{"id","type","orgId","occurredAt","data"}` on one line. */
  readonly json: string;
}

export interface EventPublisher {
  /**
   * Appends to the organization's history and tells every hub. Throws `unavailable` when that can't be known to
   * have happened; with an `eventKey` the call may then be repeated without harm. An event of over 1 MiB is
   * `payload_too_large`.
   */
  publish(organizationId: string, event: NewEvent): Promise<{ readonly id: string }>;
  /** The same for an organization whose stream somebody opened within the last day; undefined for others. */
  publishIfOpen(organizationId: string, event: NewEvent): Promise<{ readonly id: string } | undefined>;
}

/** What could not be delivered: everything between the two ids. */
export interface Gap {
  /** `expired`: older than the history; `unknown`: not from this history, or part of what was lost. */
  readonly reason: "expired" | "unknown";
  readonly requested: string;
  /** Everything after this id is delivered. */
  readonly resumedFrom: string;
}

/** An event with what `encode` made of it, once for all subscribers. */
export interface HubEvent<Frame> {
  readonly id: string;
  readonly type: string;
  readonly frame: Frame;
}

/** Where a subscriber stands when its organization's hub is live. */
export interface Start<Frame> {
  /** The id it goes on from: the one it asked for, else the newest; with a gap the gap's `resumedFrom`. */
  readonly position: string;
  readonly gap: Gap | undefined;
  /** Everything after the position, in order; what comes live follows without a hole. */
  readonly replay: readonly HubEvent<Frame>[];
}

/** Called synchronously and in order; must be quick, must not throw, may detach itself. */
export interface Subscriber<Frame> {
  /** Once, before anything else: during `attach` on a live hub, else when the hub has come alive. */
  begin(start: Start<Frame>): void;
  event(event: HubEvent<Frame>): void;
  /** Something was lost by the history itself; what follows `resumedFrom` comes next. */
  gap(gap: Gap): void;
}

/** One process's view of the histories: a hub for every organization that has subscribers here. */
export interface EventHubs<Frame> extends AsyncDisposable {
  /**
   * From `after` on, else from now on. Never fails: while the history is out of reach the subscriber
   * waits for `begin`, and so does one whose `after` is above all that was heard here, until it is known
   * whether it is another process that has heard more. Disposing detaches at once.
   */
  attach(organizationId: string, after: string | undefined, subscriber: Subscriber<Frame>): Disposable;
  /**
   * Says something to every process that has a hub of the organization, this one included. No history keeps it,
   * and it may be lost: only for what is found out in another way as well. Returns before it is heard.
   */
  signal(organizationId: string, text: string): void;
  /** Called with every signal that is heard; must be quick and must not throw. */
  onSignal(listener: (text: string) => void): void;
  /** Whether events arrive at once; while false they arrive later, none is lost. */
  readonly isLive: boolean;
  readonly hubCount: number;
}

/** Hubs with the one clockwork that all of them share. */
export interface DrivenHubs<Frame> extends EventHubs<Frame> {
  /** Does what is due: looks after silent hubs, lets old events and idle hubs go. Never rejects; resolves when it is done. */
  tick(): Promise<void>;
  /** Ticks until disposed of. */
  start(): Disposable;
}

/** What an operator counts. */
export type BrokerEvent =
  | { readonly kind: "published" | "repeated" | "publish_failed" }
  /** An event reached this process's hub, and somebody there; `fanOutMs`: until each subscriber was called. */
  | { readonly kind: "received"; readonly subscribers: number; readonly fanOutMs: number }
  | { readonly kind: "history_read"; readonly events: number; readonly durationMs: number }
  | { readonly kind: "replayed"; readonly events: number }
  | { readonly kind: "gap"; readonly reason: Gap["reason"]; readonly subscribers: number }
  | { readonly kind: "state"; readonly isLive: boolean }
  | { readonly kind: "failed"; readonly error: unknown };
