import type { Context } from "hono";

/** What the base middleware puts on every context. */
export interface ServiceVariables {
  requestId: string;
}

/** The Hono environment every app's own one extends. */
export interface ServiceEnv {
  Variables: ServiceVariables;
}

/** The id of this request; "none" only where the base middleware is missing. */
export function requestIdOf(c: Context): string {
  const id: unknown = c.get("requestId");
  return typeof id === "string" ? id : "none";
}

/** The headers of every response, for a handler that writes to the Node response itself. */
export const baseHeaders = (requestId: string): Record<string, string> => ({
  "X-Request-Id": requestId,
  "X-Content-Type-Options": "nosniff",
});

const alreadySentHeader = "x-hono-already-sent";

/** Whether a handler has written to the Node response itself; then this one only says so, to all requests alike. */
export const isAlreadySent = (response: Response): boolean => response.headers.has(alreadySentHeader);

/** Adds the base headers to a finished response in place, which keeps the server's fast path. */
export function addBaseHeaders(c: Context): void {
  if (isAlreadySent(c.res)) return;
  for (const [name, value] of Object.entries(baseHeaders(requestIdOf(c)))) {
    try {
      c.res.headers.set(name, value);
    } catch {
      // Redirects and fetched responses have immutable headers; this copies the response.
      c.header(name, value);
    }
  }
}
