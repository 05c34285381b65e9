import { once } from "node:events";
import {
  createServer,
  request as askUpstream,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { listenOnFreePort } from "./listen.ts";

/** What one request was, and how it was answered. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the upstream's answer; 502 where none answered. */
  readonly status: number;
  /** Which upstream it came to; undefined: none took the connection. */
  readonly upstream: string | undefined;
}

export interface ReverseProxyOptions {
  /** URLs of HTTP servers, asked in turn. */
  readonly upstreams: readonly string[];
  /** As soon as an answer begins: a stream's goes on. */
  readonly onAnswer?: (request: ProxiedRequest) => void;
}

export interface ReverseProxy extends AsyncDisposable {
  readonly url: string;
  /** For requests from now on; those under way stay where they are. */
  use(upstreams: readonly string[]): void;
}

/** Longer than any test: nobody's next request meets a connection that is just being closed. */
const keepAliveMs = 600_000;

/**
 * A gateway on a free port of 127.0.0.1: each request goes to the next upstream that takes a connection, each byte
 * passes as it comes, and a connection to an upstream that breaks breaks the client's as well.
 */
export async function startReverseProxy(options: ReverseProxyOptions): Promise<ReverseProxy> {
  let { upstreams } = options;
  const onAnswer = options.onAnswer ?? (() => undefined);
  let turn = 0;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reached = await connectToFirst(rotated(upstreams, turn++));
    const { method = "GET", url = "/", headers } = request;
    const tell = (status: number): void =>
      onAnswer({ method, url, headers, status, upstream: reached?.upstream });
    const refuse = (): void => {
      if (response.headersSent || response.destroyed) return;
      tell(502);
      response.writeHead(502, { "Content-Type": "text/plain" }).end("502: no upstream answered\n");
    };
    if (reached === undefined) return refuse();
    const asked = askUpstream({
      createConnection: () => reached.socket,
      method,
      path: url,
      headers: [...endToEnd(request.rawHeaders), "Connection", "close"],
    });
    asked.on("error", refuse);
    asked.on("response", (answer) => {
      const { statusCode: status = 502, statusMessage = "" } = answer;
      tell(status);
      response.writeHead(status, statusMessage, endToEnd(answer.rawHeaders)).flushHeaders();
      // Ends what is left when either side breaks.
      pipeline(answer, response, () => undefined);
    });
    response.on("close", () => asked.destroy());
    asked.flushHeaders();
    request.pipe(asked);
    if (response.destroyed) asked.destroy();
  }

  const server = createServer({ noDelay: true, keepAliveTimeout: keepAliveMs }, (request, response) => {
    void pass(request, response);
  });
  const port = await listenOnFreePort(server);
  return {
    url: `http://127.0.0.1:${port}`,
    use: (next) => void (upstreams = next),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function connectToFirst(
  upstreams: readonly string[],
): Promise<{ readonly upstream: string; readonly socket: Socket } | undefined> {
  for (const upstream of upstreams) {
    const { hostname, port } = new URL(upstream);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    try {
      await once(socket, "connect");
      return { upstream, socket };
    } catch {
      socket.destroy();
    }
  }
  return undefined;
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

// RFC 9110, section 7.6.1: they speak of one connection, and there are two.
const hopByHop = new Set(["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);

/** Names and values in turn, as they came. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)];
    return name !== undefined && !hopByHop.has(name.toLowerCase());
  });
}
