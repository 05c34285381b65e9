import { createHash, timingSafeEqual } from "node:crypto";
import { readBearer, unauthenticated } from "@leftrail/auth";
import type { MiddlewareHandler } from "hono";

/** Lets through who presents one of the tokens; without tokens nobody. One 401 for every cause, a JWT included. */
export function requireInternalToken(tokens: readonly string[]): MiddlewareHandler {
  const known = tokens.map(digestOf);
  return async (c, next) => {
    const presented = digestOf(readBearer(c.req.header("authorization")));
    // All of them, always: neither which one matched nor how many there are shows in the time.
    const matches = known.filter((digest) => timingSafeEqual(digest, presented));
    if (matches.length === 0) throw unauthenticated("not an internal token");
    await next();
  };
}

// Of equal length, whatever was presented.
const digestOf = (token: string): Buffer => createHash("sha256").update(token).digest();
