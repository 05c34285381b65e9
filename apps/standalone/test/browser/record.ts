import type { StreamGap, StreamState } from "@leftrail/client";
import { waitUntil } from "@leftrail/testkit";
import type { Told } from "./page/watch.ts";

/** What a stream brought, in a page or in this process. */
export interface StreamRecord {
  readonly tell: (told: Told) => void;
  /** The ids of what services published, in the order of their coming. */
  ids(): readonly string[];
  events(): readonly unknown[];
  /** The types of all events, those of the stream itself included. */
  types(): readonly string[];
  gaps(): readonly StreamGap[];
  states(): readonly StreamState[];
  errors(): readonly string[];
  untilState(state: StreamState): Promise<void>;
  /** Until this id has come. */
  untilId(id: string): Promise<void>;
}

export function createRecord(): StreamRecord {
  const all: Told[] = [];
  const pick = <K extends Told["kind"]>(kind: K) =>
    all.filter((told): told is Extract<Told, { kind: K }> => told.kind === kind);
  const published = () => pick("event").filter(({ type }) => !type.startsWith("stream."));
  const states = () => pick("state").map(({ state }) => state);
  const ids = () => published().map(({ id }) => id);
  const until = async (condition: () => boolean, what: string): Promise<void> => {
    try {
      await waitUntil(condition, { what, timeoutMs: 20_000 });
    } catch (cause) {
      throw new Error(`the last that came: ${JSON.stringify(all.slice(-8), undefined, 1)}`, { cause });
    }
  };
  return {
    tell: (told) => void all.push(told),
    ids,
    states,
    events: () => published().map(({ event }) => event),
    types: () => pick("event").map(({ type }) => type),
    gaps: () => pick("gap").map(({ gap }) => gap),
    errors: () => pick("error").map(({ message }) => message),
    untilState: (state) => until(() => states().at(-1) === state, `the state ${state}`),
    untilId: (id) => until(() => ids().includes(id), `the event ${id}`),
  };
}
