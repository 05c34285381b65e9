import { ProblemError } from "@leftrail/contract";
import { getRequestListener, RequestError } from "@hono/node-server";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { answerClientError } from "./client-error.ts";
import type { Logger } from "./logger.ts";
import { mintRequestId } from "./mint-request-id.ts";
import { problemResponse, toProblemError } from "./problems.ts";
import { StartError } from "./run-main.ts";
import { trackResponses, type OwedResponses } from "./track-responses.ts";

/** Longest a client may take to send its headers. */
export const headersTimeoutMs = 10_000;
/** Longest a client may take to send a whole request. */
export const requestTimeoutMs = 30_000;
/** Longer than a gateway keeps idle connections, so that it is never the one to be surprised. */
export const keepAliveTimeoutMs = 75_000;
/** How often the two timeouts above are enforced. */
export const timeoutCheckIntervalMs = 2_000;
/** Request line and headers together: a token of 8 KiB fits. */
export const headerBytesMax = 16 * 1024;

/** Answers a request on Node's own response, or leaves it untouched to `fetch`, now or later. */
export type DirectAnswer = (incoming: IncomingMessage, outgoing: ServerResponse, leave: () => void) => void;

export interface ServeOptions {
  /** An app's `fetch`; its env is the Node request and response. */
  readonly fetch: (request: Request, env: object) => Response | Promise<Response>;
  /** Asked before `fetch`, for what is answered so often that the way there is most of its cost. */
  readonly direct?: DirectAnswer;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logger: Logger;
  /** Aborting it begins the drain. */
  readonly signal: AbortSignal;
  /** How long requests in flight may still take after that. */
  readonly drainTimeoutMs: number;
  readonly mintId?: () => string;
}

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Resolves when the last connection is gone; never rejects. */
  readonly closed: Promise<void>;
}

/**
 * Listens until the signal fires, then stops accepting, lets requests in flight finish and
 * closes what is left at the deadline. Throws StartError when the port can't be had.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { logger, signal, host } = options;
  const server = createHttpServer(options);
  const owed = trackResponses(server);
  answerClientErrors(server, owed, options);
  const port = await listen(server, options);
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  server.once("close", () => {
    logger.info({ port }, "closed");
    onClosed();
  });
  server.on("error", (err) => logger.error({ err }, "server failed"));

  let isDraining = false;
  const drain = () => {
    if (isDraining) return;
    isDraining = true;
    startDrain(server, owed, options);
  };
  signal.addEventListener("abort", drain, { once: true });
  if (signal.aborted) drain();

  const url = urlOf(host, port);
  logger.info({ url }, "listening");
  return {
    port,
    url,
    closed,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener("abort", drain);
      drain();
      await closed;
    },
  };
}

function createHttpServer({ fetch, direct, logger, mintId = mintRequestId }: ServeOptions): Server {
  const respond = getRequestListener(fetch, {
    // Reached by a request target or Host that is no URL, and by an app that rejects.
    errorHandler: (error) => {
      const requestId = mintId();
      if (error instanceof RequestError) return problemResponse(notAUrl(), requestId);
      logger.error({ requestId, err: error }, "request failed");
      return problemResponse(toProblemError(error), requestId);
    },
  });
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: timeoutCheckIntervalMs,
    maxHeaderSize: headerBytesMax,
    // A missing Host goes to the error handler above instead of a bare 400.
    requireHostHeader: false,
  });
  server.on("request", (incoming, outgoing) => {
    const leave = () => void respond(incoming, outgoing);
    if (direct === undefined) leave();
    else direct(incoming, outgoing, leave);
  });
  // RFC 9110 lets an unknown expectation be ignored; Node alone would answer a bare 417.
  server.on("checkExpectation", (incoming, outgoing) => server.emit("request", incoming, outgoing));
  return server;
}

function answerClientErrors(
  server: Server,
  owed: OwedResponses,
  { mintId = mintRequestId }: ServeOptions,
): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (owed.isAnswering(socket)) socket.destroy();
    else answerClientError(error, socket, mintId());
  });
}

const notAUrl = (): ProblemError =>
  new ProblemError("invalid_input", "The request target or Host is not valid.");

/**
 * Connections that the system keeps until they are taken, as far as it allows so many: after a deploy thousands
 * of streams come back at once, and one that is turned away waits for seconds.
 */
const connectionsWaitingMax = 65_535;

async function listen(server: Server, { host, port }: ServeOptions): Promise<number> {
  server.listen({ port, host, backlog: connectionsWaitingMax });
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new StartError(listenFailure(cause, host, port), { cause });
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function listenFailure(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is taken by another process: set PORT to a free one.`;
    case "EACCES":
      return `Port ${port} of ${host} may not be used by this user: set PORT to one above 1023.`;
    default:
      return `Can't listen on port ${port} of ${host} (${code}): check HOST and PORT.`;
  }
}

function startDrain(server: Server, owed: OwedResponses, { logger, drainTimeoutMs }: ServeOptions): void {
  logger.info({ requestsInFlight: owed.count() }, "draining");
  const deadline = setTimeout(() => {
    logger.warn({ requestsInFlight: owed.count() }, "drain timeout, closing what is left");
    server.closeAllConnections();
  }, drainTimeoutMs);
  server.once("close", () => clearTimeout(deadline));
  server.close();
  owed.closeWhenPaid();
}

function urlOf(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "::" || host === "") return `http://localhost:${port}`;
  return host.includes(":") ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}
