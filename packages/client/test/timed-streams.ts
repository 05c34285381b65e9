import { waitUntil } from "@leftrail/testkit";
import { createClient, type ClientOptions, type StreamOptions } from "../src/index.ts";
import { startFakeLeftrail, type FakeLeftrail } from "./fake-leftrail.ts";
import { createManualTimers } from "./manual-timers.ts";
import { recordStream, tick, type RecordedStream } from "./recorded-stream.ts";

/** Streams whose waits end when a test says so. */
export interface TimedStreams extends AsyncDisposable {
  readonly server: FakeLeftrail;
  readonly timers: ReturnType<typeof createManualTimers>;
  readonly record: (
    options?: Partial<StreamOptions>,
    clientOptions?: Partial<ClientOptions>,
  ) => RecordedStream;
  readonly publishTick: () => string;
  readonly untilWait: (delayMs: number) => Promise<unknown>;
  /** Until the stream of this ticket is the only one that is open. */
  readonly untilOnly: (ticket: string) => Promise<unknown>;
}

/** With chance in its middle a wait is three quarters of the full one. */
export const firstWaitMs = 750;

export async function startTimedStreams(): Promise<TimedStreams> {
  const server = await startFakeLeftrail();
  const timers = createManualTimers();
  const { startTimer } = timers;
  return {
    server,
    timers,
    record(options = {}, clientOptions = {}) {
      const { baseUrl } = server;
      const given = { baseUrl, token: () => "alice", startTimer, random: () => 0.5, ...clientOptions };
      return recordStream(createClient(given), options);
    },
    publishTick: () => server.publish("scheduler.tick", tick(1)),
    untilWait: (delayMs) =>
      waitUntil(() => timers.delaysMs().includes(delayMs), { what: `a wait of ${delayMs} ms` }),
    untilOnly: (ticket) =>
      waitUntil(() => server.openTickets().join() === ticket, { what: `${ticket} to be the only stream` }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
