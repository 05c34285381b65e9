import type { PublishedEventType } from "@leftrail/contract";
import type { EventOf, StreamGap } from "./events.ts";

/**
 * `connecting`: no events arrive, none is lost either. The others after `open` are final: `revoked` and
 * `forbidden`: the user has no access (any more); `failed`: the server does not understand the request;
 * `closed`: by the caller.
 */
export type StreamState = "connecting" | "open" | FinalState;
export type FinalState = "revoked" | "forbidden" | "failed" | "closed";

export interface StreamOptions<T extends PublishedEventType = PublishedEventType> {
  readonly organizationId: string;
  /** The types of interest; all when it is left out. */
  readonly events?: readonly T[];
  /** Each event once, in order. */
  readonly onEvent: (event: EventOf<T>) => void;
  /** Events were lost: read again what is shown. */
  readonly onGap: (gap: StreamGap) => void;
  /** Not called for the first state, `connecting`. */
  readonly onStateChange?: (state: StreamState) => void;
  /**
   * What goes wrong and does not end the stream: a handler that throws, an event that can't be read, an attempt
   * to connect that fails. Without it the first two go to the page's `reportError`, in Node to `uncaughtException`.
   */
  readonly onError?: (error: unknown) => void;
  /** Goes on after this id. Such a stream has a connection of its own. */
  readonly lastEventId?: string;
  /** Closes the stream. */
  readonly signal?: AbortSignal;
}

export interface EventStream {
  readonly state: StreamState;
  /** The state is `closed`, and no handler is called after that. */
  close(): void;
}
