import { waitUntil } from "@leftrail/testkit";
import type {
  Client,
  EventStream,
  PublishedEvent,
  StreamGap,
  StreamOptions,
  StreamState,
} from "../src/index.ts";

export interface RecordedStream extends Disposable {
  readonly stream: EventStream;
  readonly ids: string[];
  readonly events: PublishedEvent[];
  readonly gaps: StreamGap[];
  readonly states: StreamState[];
  readonly errors: unknown[];
  untilState(state: StreamState): Promise<void>;
  /** Until this id was the last one to come. */
  untilId(id: string): Promise<void>;
}

/** A stream that keeps what its handlers were called with. */
export function recordStream(client: Client, options: Partial<StreamOptions> = {}): RecordedStream {
  const events: PublishedEvent[] = [];
  const ids: string[] = [];
  const gaps: StreamGap[] = [];
  const states: StreamState[] = [];
  const errors: unknown[] = [];
  const stream = client.openStream({
    organizationId: "acme",
    onEvent(event) {
      events.push(event);
      ids.push(event.id);
    },
    onGap: (gap) => void gaps.push(gap),
    onStateChange: (state) => void states.push(state),
    onError: (error) => void errors.push(error),
    ...options,
  });
  return {
    stream,
    events,
    ids,
    gaps,
    states,
    errors,
    async untilState(state) {
      await waitUntil(() => stream.state === state, { what: `the state ${state}` });
    },
    async untilId(id) {
      await waitUntil(() => ids.at(-1) === id, { what: `the event ${id}` });
    },
    [Symbol.dispose]: () => stream.close(),
  };
}

/** The data of a `scheduler.tick`. */
export const tick = (number: number) => ({
  tick: number,
  at: "2026-01-31T12:00:00.000Z",
  nextAt: "2026-01-31T12:00:30.000Z",
});
