import { showStreams } from "../metrics/stream-metrics.ts";
import type { Deps } from "../deps.ts";
import { organizationsRequest, type ReadContext } from "../reads/read-requests.ts";
import { AccessWatch } from "./access-watch.ts";
import { createAnswerStream } from "./answer-stream.ts";
import { createAnswerTicket } from "./answer-ticket.ts";
import { createDirectStream } from "./direct-stream.ts";
import { logStreams } from "./log-streams.ts";
import { createOpenStream } from "./open-stream.ts";
import { Streams } from "./streams.ts";
import { TicketPlaces } from "./ticket-places.ts";

/** The handlers of the stream and of its tickets, over one set of open streams. */
export function createStreamAnswers(ctx: Deps & ReadContext) {
  const { cache, verifier, logger, isDraining, corsOrigins, metrics } = ctx;
  const { registry } = metrics;
  const { hubs, tickets, settings, metrics: streamMetrics } = ctx.streaming;
  const wallClock = Date.now;
  const access = new AccessWatch({
    cache,
    changes: ctx.userChanges,
    requestFor: (userId) => organizationsRequest(ctx, { principal: { userId } }),
    clock: () => performance.now(),
  });
  const places = new TicketPlaces(tickets, hubs);
  const log = logStreams(logger);
  const streams = new Streams({
    hubs,
    settings,
    access,
    tickets: places,
    isDraining,
    clock: () => performance.now(),
    wallClock,
    random: Math.random,
    every: everyUnref,
    onEvent: (event) => {
      streamMetrics.onStream(event);
      log(event);
    },
  });
  showStreams(registry, { streams, hubs });
  const parts = { verifier, tickets, places, access, streams, corsOrigins, wallClock };
  const openStream = createOpenStream(parts);
  const { onRefused } = streamMetrics;
  return {
    answerStream: createAnswerStream({ openStream, logger, onRefused }),
    directStream: createDirectStream({ openStream, metrics, logger }),
    answerTicket: createAnswerTicket({ tickets, access, wallClock }),
  };
}

function everyUnref(intervalMs: number, run: () => void): Disposable {
  const timer = setInterval(run, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
