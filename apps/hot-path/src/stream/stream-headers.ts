import { eventStreamType } from "./sse-encoder.ts";

/**
 * Nobody between may keep, compress or hold it back, and a page that shows it tells nobody the URL, which may
 * have a token in it. Nothing here concerns a connection: behind a gateway it may be HTTP/2.
 */
export const streamHeaders = {
  "Content-Type": eventStreamType,
  "Cache-Control": "no-cache, no-transform",
  "X-Accel-Buffering": "no",
  "Referrer-Policy": "no-referrer",
} as const;
