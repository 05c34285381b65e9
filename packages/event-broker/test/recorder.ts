import { waitUntil } from "@leftrail/testkit";
import type { Gap, HubEvent, PublishedEvent, Start, Subscriber } from "../src/index.ts";

/** Frames of the tests are the events themselves. */
export type Frame = PublishedEvent;

/** A subscriber that writes down what it is told. */
export interface Recorder extends Subscriber<Frame> {
  /** Undefined until it has begun. */
  readonly start: Start<Frame> | undefined;
  /** The ids of all events, those it began with included. */
  readonly ids: readonly string[];
  readonly events: readonly PublishedEvent[];
  /** Those of its life; the one at the beginning is the start's. */
  readonly gaps: readonly Gap[];
  /** Events and gaps as they came. */
  readonly story: readonly (string | Gap)[];
  /** The last id it has: where it would resume. */
  readonly cursor: string | undefined;
  begun(): Promise<Start<Frame>>;
  /** Resolves once the event has come. */
  has(id: string): Promise<void>;
}

interface RecorderOptions {
  /** Called after each event was written down. */
  readonly onEvent?: (event: HubEvent<Frame>) => void;
}

export function createRecorder({ onEvent = () => {} }: RecorderOptions = {}): Recorder {
  const story: (string | Gap)[] = [];
  const events: PublishedEvent[] = [];
  const gaps: Gap[] = [];
  let start: Start<Frame> | undefined;
  let cursor: string | undefined;

  const write = ({ id, type, frame }: HubEvent<Frame>): void => {
    if (frame.id !== id || frame.type !== type) throw new Error(`${id} has the frame of ${frame.id}`);
    events.push(frame);
    story.push(id);
    cursor = id;
  };
  const ids = () => events.map(({ id }) => id);
  return {
    get start() {
      return start;
    },
    get ids() {
      return ids();
    },
    get cursor() {
      return cursor;
    },
    events,
    gaps,
    story,
    begin(given) {
      if (start !== undefined) throw new Error("begun twice");
      start = given;
      cursor = given.position;
      for (const event of given.replay) write(event);
    },
    event(event) {
      if (start === undefined) throw new Error("an event before the beginning");
      write(event);
      onEvent(event);
    },
    gap(gap) {
      if (start === undefined) throw new Error("a gap before the beginning");
      gaps.push(gap);
      story.push(gap);
      cursor = gap.resumedFrom;
    },
    begun: () => waitUntil(() => start, { what: "the subscriber to begin" }),
    async has(id) {
      await waitUntil(() => ids().includes(id), { what: `the event ${id}` });
    },
  };
}
