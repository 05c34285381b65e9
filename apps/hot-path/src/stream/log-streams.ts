import type { Logger } from "@leftrail/service";
import type { StreamEvent } from "./streams.ts";

/** A line when a stream opens and one when it is over: who, which organization, why. Never a token, ticket or query. */
export const logStreams =
  (logger: Pick<Logger, "info">) =>
  (event: StreamEvent): void => {
    const { requestId, userId, organizationId, sentEvents } = event.connection;
    const names = { requestId, userId, organizationId };
    if (event.kind === "opened") logger.info({ ...names, isResumed: event.isResumed }, "stream opened");
    else {
      const { reason, durationMs } = event;
      logger.info({ ...names, reason, durationMs: Math.round(durationMs), sentEvents }, "stream ended");
    }
  };
