import type { Found } from "@leftrail/read-cache";
import type { Context } from "hono";
import { fullHeaders, heldHeaders, type ServedFrom } from "./found-headers.ts";
import { isMatch } from "./if-none-match.ts";

/** The answer with final bytes, or 304 for who has them already; only after who is asking has been let through. */
export function answerFound(c: Context, found: Found, from: ServedFrom): Response {
  const condition = c.req.header("If-None-Match");
  return condition !== undefined && isMatch(condition, found.etag)
    ? new Response(null, { status: 304, headers: heldHeaders(found, from) })
    : new Response(found.body, { headers: fullHeaders(found, from) });
}
