import { ProblemError, problemCodes } from "@leftrail/contract";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { baseHeaders } from "./service-env.ts";

/** Answers what the HTTP parser refused as a problem, and closes the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket, requestId: string): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(rawProblem(new ProblemError("invalid_input", detailOf(error.code)), requestId));
  socket.destroySoon();
}

function detailOf(code: string | undefined): string {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return "The request line and headers are too large.";
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return "The request did not arrive in time.";
    default:
      return "This is not a valid HTTP request.";
  }
}

function rawProblem(error: ProblemError, requestId: string): string {
  const { status } = problemCodes[error.code];
  const body = JSON.stringify(error.toProblem(requestId));
  const headers = {
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...baseHeaders(requestId),
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n");
}
