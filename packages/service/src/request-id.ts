import type { MiddlewareHandler } from "hono";
import { v7 as uuidv7 } from "uuid";
import { addBaseHeaders } from "./service-env.ts";

const callersIdPattern = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Keeps a caller's well-formed `X-Request-Id` or mints a UUIDv7, as `c.get("requestId")`
 * and on every response. The first middleware of a service.
 */
export function requestId(mintId: () => string = uuidv7): MiddlewareHandler {
  return async (c, next) => {
    const callersId = c.req.header("X-Request-Id");
    c.set("requestId", callersId !== undefined && callersIdPattern.test(callersId) ? callersId : mintId());
    await next();
    addBaseHeaders(c);
  };
}
