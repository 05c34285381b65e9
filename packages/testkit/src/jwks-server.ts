import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { listenOnFreePort } from "./listen.ts";

/**
 * What the next requests meet. `hang` sends nothing, `slow` the headers and
 * then a byte now and then, `huge` a body without end, `redirect` points to the real document.
 */
export type JwksBehaviour =
  | "ok"
  | "error"
  | "hang"
  | "slow"
  | "huge"
  | "redirect"
  | "garbage"
  | { readonly status: number; readonly body: string };

export interface JwksServer extends AsyncDisposable {
  readonly url: string;
  behaviour: JwksBehaviour;
  /** Requests to `url`. */
  readonly requests: number;
  /** Requests to where `redirect` points. */
  readonly redirectsFollowed: number;
}

const slowByteIntervalMs = 10;
const redirectPath = "/elsewhere";

/** Serves an issuer's JWKS on a free port of the loopback interface. */
export async function startJwksServer(issuer: { jwks(): unknown }): Promise<JwksServer> {
  const counts = { requests: 0, redirectsFollowed: 0 };
  let behaviour: JwksBehaviour = "ok";

  const server = createServer((request, response) => {
    if (request.url === redirectPath) {
      counts.redirectsFollowed += 1;
      sendJson(response, 200, JSON.stringify(issuer.jwks()));
      return;
    }
    counts.requests += 1;
    respond(response, behaviour, () => JSON.stringify(issuer.jwks()));
  });
  const port = await listenOnFreePort(server);

  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    get behaviour() {
      return behaviour;
    },
    set behaviour(next) {
      behaviour = next;
    },
    get requests() {
      return counts.requests;
    },
    get redirectsFollowed() {
      return counts.redirectsFollowed;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function respond(response: ServerResponse, behaviour: JwksBehaviour, document: () => string): void {
  switch (behaviour) {
    case "ok":
      return sendJson(response, 200, document());
    case "error":
      return sendJson(response, 500, '{"error":"on purpose"}');
    case "garbage":
      return sendJson(response, 200, "<html>not keys</html>");
    case "redirect":
      response.writeHead(302, { location: redirectPath }).end();
      return;
    case "hang":
      return;
    case "slow":
      return sendSlowly(response);
    case "huge":
      return sendEndlessly(response);
    default:
      return sendJson(response, behaviour.status, behaviour.body);
  }
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

function sendSlowly(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const timer = setInterval(() => response.write(" "), slowByteIntervalMs);
  response.once("close", () => clearInterval(timer));
}

function sendEndlessly(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const padding = " ".repeat(64 * 1024);
  const pump = (): void => {
    while (!response.destroyed && response.write(padding));
  };
  response.on("drain", pump);
  pump();
}
