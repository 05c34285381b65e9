import type { PublishedEventType } from "@leftrail/contract";
import type { EventOf, PublishedEvent, StreamGap } from "./events.ts";
import { passedIdsMax } from "./limits.ts";
import { reportError } from "./report-error.ts";
import type { FinalState, StreamOptions, StreamState } from "./stream-options.ts";

/** What a connection, or another tab's, tells of a stream. */
export interface StreamSink {
  /** What a new connection names as its last id; undefined: it begins with what happens from now on. */
  resumePoint(): string | undefined;
  event(event: PublishedEvent): void;
  gap(gap: StreamGap): void;
  /** Everything up to this id was sent, or is not wanted. */
  skipTo(id: string): void;
  state(state: StreamState): void;
  /** An attempt to connect failed. */
  failed(error: unknown): void;
  /** What was sent can't be understood. */
  malformed(error: unknown): void;
}

/** One stream of one tab: what it has seen, and its handlers. */
export interface Receiver extends StreamSink {
  readonly currentState: StreamState;
  /** The last id; undefined before the first. */
  position(): string | undefined;
  hasPassed(id: string): boolean;
  /** The stream was open, here or in another tab: what happens from here on may not be missed. */
  begin(): void;
}

/** Named as the last id where none is known: the server answers with a gap, for something may have been lost. */
const unknownPosition = "unknown";

export function createReceiver<T extends PublishedEventType>(options: StreamOptions<T>): Receiver {
  const wanted = options.events === undefined ? undefined : new Set<PublishedEventType>(options.events);
  const isWanted = (event: PublishedEvent): event is EventOf<T> =>
    wanted === undefined || wanted.has(event.type);
  // Ids of events and positions; insertion order is age.
  const passed = new Set<string>();
  let position: string | undefined;
  let current: StreamState = "connecting";
  let hasBegun = false;

  function pass(id: string): void {
    position = id;
    passed.add(id);
    for (const oldest of passed) {
      if (passed.size <= passedIdsMax) return;
      passed.delete(oldest);
    }
  }

  /** A handler that throws is the handler's error: the stream goes on. */
  function call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      malformed(error);
    }
  }

  function malformed(error: unknown): void {
    if (options.onError === undefined) return reportError(error);
    return tell(options.onError, error);
  }

  if (options.lastEventId !== undefined) pass(options.lastEventId);
  return {
    get currentState() {
      return current;
    },
    position: () => position,
    hasPassed: (id) => passed.has(id),
    begin: () => void (hasBegun = true),
    resumePoint: () => position ?? (hasBegun ? unknownPosition : undefined),
    event(event) {
      if (isFinal(current) || passed.has(event.id)) return;
      pass(event.id);
      if (isWanted(event)) call(() => options.onEvent(event));
    },
    gap(gap) {
      if (isFinal(current)) return;
      pass(gap.resumedFrom);
      call(() => options.onGap(gap));
    },
    skipTo(id) {
      // Ids can't be compared: one that was passed is the position, or lies before it.
      if (!passed.has(id)) pass(id);
    },
    state(state) {
      if (state === current || isFinal(current)) return;
      current = state;
      if (state === "open") hasBegun = true;
      call(() => options.onStateChange?.(state));
    },
    failed(error) {
      if (options.onError !== undefined && !isFinal(current)) tell(options.onError, error);
    },
    malformed,
  };
}

export const isFinal = (state: StreamState): state is FinalState =>
  state !== "connecting" && state !== "open";

function tell(onError: (error: unknown) => void, error: unknown): void {
  try {
    onError(error);
  } catch (another) {
    reportError(another);
  }
}
