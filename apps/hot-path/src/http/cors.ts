import { isAlreadySent } from "@leftrail/service";
import type { Context, MiddlewareHandler } from "hono";

/** How long a browser may keep what a preflight said: as long as any of them does. */
const preflightMaxAgeSeconds = 7_200;

/** What a page may send and read beside what it always may. */
const allowedHeaders = "Authorization, If-None-Match, Last-Event-ID, X-Request-Id, Content-Type";
const exposedHeaders = "ETag, Cache-Status, X-Request-Id, Retry-After";
const allowedMethods = "GET, HEAD, POST, OPTIONS";

const preflightHeaders = {
  "Access-Control-Allow-Methods": allowedMethods,
  "Access-Control-Allow-Headers": allowedHeaders,
  "Access-Control-Max-Age": String(preflightMaxAgeSeconds),
};

/**
 * Lets pages of these origins read the answers, errors included; to all others it says nothing. Before who
 * is calling is asked, for a preflight carries no token. Not hono/cors: that copies every answer it
 * touches, so that its bytes take the slow way out, and tells strangers which headers they could read.
 */
export function cors(origins: readonly string[]): MiddlewareHandler {
  const headersFor = pageHeaders(origins);
  return async (c, next) => {
    const origin = c.req.header("Origin");
    if (isPreflight(c)) return answerPreflight(headersFor(origin));
    await next();
    // A stream has set them itself; its marker is one object shared by all requests.
    if (isAlreadySent(c.res)) return undefined;
    const { headers } = c.res;
    // Also where no page asks: whoever keeps the answer must not give it to one.
    headers.append("Vary", "Origin");
    for (const [name, value] of Object.entries(headersFor(origin))) headers.set(name, value);
    return undefined;
  };
}

type PageHeaders = Readonly<Record<string, string>>;

/** What an answer says to the page that asked, by the page's origin; to strangers nothing. */
export function pageHeaders(origins: readonly string[]): (origin: string | undefined) => PageHeaders {
  const headersOf = new Map<string | undefined, PageHeaders>(
    origins.map((origin) => [
      origin,
      { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": exposedHeaders },
    ]),
  );
  return (origin) => headersOf.get(origin) ?? {};
}

const isPreflight = (c: Context): boolean =>
  c.req.method === "OPTIONS" &&
  c.req.header("Origin") !== undefined &&
  c.req.header("Access-Control-Request-Method") !== undefined;

const answerPreflight = (allowed: PageHeaders): Response =>
  new Response(null, {
    status: 204,
    headers: { Vary: "Origin", ...allowed, ...(Object.keys(allowed).length === 0 ? {} : preflightHeaders) },
  });
