import { ProblemError } from "@leftrail/contract";
import { requestIdOf, type Logger } from "@leftrail/service";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context } from "hono";
import { ServerResponse } from "node:http";
import { answerLater, laterOf, type LaterReason } from "./later.ts";
import type { OpenStream } from "./open-stream.ts";
import { queryOf } from "./stream-request.ts";

export interface AnswerStreamOptions {
  readonly openStream: OpenStream;
  readonly logger: Pick<Logger, "error">;
  readonly onRefused: (reason: LaterReason) => void;
}

/** `GET /v1/stream`. What will pass is told as a stream that ends at once. */
export const createAnswerStream =
  ({ openStream, logger, onRefused }: AnswerStreamOptions) =>
  async (c: Context): Promise<Response> => {
    try {
      await openStream({
        query: queryOf(c.req.url),
        authorization: c.req.header("authorization"),
        lastEventId: c.req.header("last-event-id"),
        origin: c.req.header("origin"),
        requestId: requestIdOf(c),
        response: nodeResponseOf(c),
        // For the access log, which asks for nothing else of it.
        onCaller: ({ userId }) => c.set("principal", { userId }),
      });
      return RESPONSE_ALREADY_SENT;
    } catch (error) {
      const later = laterOf(error);
      if (later === undefined) throw error;
      const { cause, reason } = later;
      if (isOurFault(cause)) logger.error({ requestId: requestIdOf(c), err: cause }, "stream failed");
      onRefused(reason);
      return answerLater(later);
    }
  };

/** What is out of reach is known where it is missed; all who come meanwhile need no line each. */
const isOurFault = (cause: unknown): boolean =>
  cause !== undefined && !(cause instanceof ProblemError && cause.code === "unavailable");

function nodeResponseOf(c: Context): ServerResponse | undefined {
  const env: unknown = c.env;
  const outgoing = typeof env === "object" && env !== null && "outgoing" in env ? env.outgoing : undefined;
  return outgoing instanceof ServerResponse ? outgoing : undefined;
}
