import {
  createAccessLog,
  keptRequestId,
  mintRequestId,
  type DirectAnswer,
  type Logger,
  type Metrics,
} from "@leftrail/service";
import { headerCount } from "../http/header-count.ts";
import { createPlainHost } from "../http/plain-host.ts";
import type { Caller } from "./identify-caller.ts";
import type { OpenStream } from "./open-stream.ts";
import { queryOf } from "./stream-request.ts";
import { streamRoutes } from "./stream-routes.ts";

/** Whether a request target asks for a stream, with a token in its query or not. */
export const isStreamTarget = (target: string | undefined): boolean =>
  target === streamRoutes.stream || (target?.startsWith(`${streamRoutes.stream}?`) ?? false);

/**
 * Opens streams past the framework, which would keep more of each request than the stream needs. Whatever is
 * refused, and whatever is spelt in an unusual way, is left to the app, which has an answer for it.
 */
export function createDirectStream({
  openStream,
  metrics: { requestsTotal, requestDurationSeconds },
  logger,
}: {
  readonly openStream: OpenStream;
  readonly metrics: Metrics;
  readonly logger: Logger;
}): DirectAnswer {
  const route = streamRoutes.stream;
  const total = requestsTotal.labels("GET", route, "200");
  const seconds = requestDurationSeconds.labels(route);
  const logAnswered = createAccessLog(logger);
  const isPlainHost = createPlainHost();

  return (incoming, outgoing, leave) => {
    const { method, headers, rawHeaders } = incoming;
    const isUsual =
      method === "GET" &&
      isPlainHost(headers.host ?? "") &&
      headerNames.every((name) => headerCount(rawHeaders, name) <= 1);
    if (!isUsual) return leave();
    const startMs = performance.now();
    const {
      authorization,
      origin,
      "last-event-id": lastEventId,
      "x-request-id": callersId,
    } = incoming.headers;
    const requestId = keptRequestId(textOf(callersId)) ?? mintRequestId();
    const opening = openStream({
      query: queryOf(incoming.url ?? ""),
      authorization,
      lastEventId: textOf(lastEventId),
      origin,
      requestId,
      response: outgoing,
    });
    const onOpened = ({ userId }: Caller): void => {
      const durationMs = performance.now() - startMs;
      total.inc();
      seconds.observe(durationMs / 1000);
      logAnswered({ requestId, method: "GET", path: route, route, status: 200, durationMs, userId });
    };
    void opening.then(onOpened, leave);
    return undefined;
  };
}

/** Of which Node shows the first, or all together. */
const headerNames = ["authorization", "last-event-id", "origin", "x-request-id"];

const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === "string" ? header : undefined;
