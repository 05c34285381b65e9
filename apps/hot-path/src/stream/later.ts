import { ProblemError } from "@leftrail/contract";
import { retryLaterMs } from "./limits.ts";
import { encodeLater } from "./sse-encoder.ts";
import { streamHeaders } from "./stream-headers.ts";

/** `gone`: the client did not wait for its stream. */
export type LaterReason = "draining" | "full" | "unavailable" | "gone";

/** A condition that will pass. EventSource gives up for ever on any error status, so it is never told as one. */
export class Later extends Error {
  override readonly name = "Later";
  readonly reason: LaterReason;

  constructor(reason: LaterReason, options?: ErrorOptions) {
    super(`no stream for now: ${reason}`, options);
    this.reason = reason;
  }
}

/** What an error of opening a stream comes to; undefined: it is the caller's, and stays. */
export function laterOf(error: unknown): Later | undefined {
  if (error instanceof Later) return error;
  const isCallers =
    error instanceof ProblemError && error.code !== "unavailable" && error.code !== "internal";
  return isCallers ? undefined : new Later("unavailable", { cause: error });
}

/** A stream that tells the client when to come back, and ends. */
export const answerLater = ({ reason }: Later): Response =>
  new Response(encodeLater(retryLaterMs, reason), { headers: streamHeaders });
