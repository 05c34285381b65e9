import { ProblemError, problemCodes, problemSchema, type ProblemCode } from "@leftrail/contract";
import type { ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "./logger.ts";
import { baseHeaders, requestIdOf } from "./service-env.ts";

/** When to come back after a 503 or 429 that says nothing itself. */
export const retryAfterDefaultSeconds = 1;

/** The answer for an error that callers may see, complete with its own request id. */
export function problemResponse(
  error: ProblemError,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(error.toProblem(requestId)), {
    status: problemCodes[error.code].status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...baseHeaders(requestId),
      ...headersOfCode(error),
      ...headers,
    },
  });
}

/** Answers every error as a problem; whatever is not meant for callers is logged and becomes a bare 500. */
export function onError(logger: Logger): ErrorHandler {
  return (error, c) => {
    const problem = toProblemError(error);
    const requestId = requestIdOf(c);
    if (problem.code === "internal") logger.error({ requestId, err: error }, "request failed");
    else if (problem.code === "unavailable") {
      // Without a cause it is our own refusal under load: a stack for each would be a load of its own.
      const what = problem.cause === undefined ? { detail: problem.message } : { err: error };
      logger.warn({ requestId, ...what }, "request refused");
    }
    return problemResponse(problem, requestId);
  };
}

/** Answers a path that no route knows. */
export const notFound: NotFoundHandler = (c) =>
  problemResponse(new ProblemError("not_found", "There is nothing at this path."), requestIdOf(c));

/** What callers may know of any error: itself, or a constant text without its message. */
export function toProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError && error.code !== "internal") return error;
  if (error instanceof HTTPException) {
    const code = codeOfStatus(error.status);
    return new ProblemError(code, detailOfCode[code], { cause: error });
  }
  return new ProblemError("internal", detailOfCode.internal, { cause: error });
}

function headersOfCode(error: ProblemError): Record<string, string> {
  switch (error.code) {
    case "unauthenticated":
      return { "WWW-Authenticate": "Bearer" };
    case "unavailable":
    case "rate_limited":
      return { "Retry-After": String(error.retryAfterSeconds ?? retryAfterDefaultSeconds) };
    default:
      return {};
  }
}

function codeOfStatus(status: number): ProblemCode {
  for (const code of problemSchema.shape.code.options) if (problemCodes[code].status === status) return code;
  return status >= 400 && status < 500 ? "invalid_input" : "internal";
}

// Details for errors of the framework, whose own messages are not ours to show.
const detailOfCode: Readonly<Record<ProblemCode, string>> = {
  invalid_input: "The request is malformed.",
  unauthenticated: "A valid bearer token is required.",
  forbidden: "You may not do this.",
  not_found: "There is nothing at this path.",
  method_not_allowed: "This path does not take this method.",
  conflict: "The request conflicts with the present state.",
  payload_too_large: "The body is too large.",
  unsupported_media_type: "The body must be application/json in UTF-8.",
  rate_limited: "Too many requests.",
  internal: "Something failed on our side.",
  unavailable: "The service can't answer right now.",
};
