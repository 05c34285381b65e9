import type { MiddlewareHandler } from "hono";
import { mintRequestId } from "./mint-request-id.ts";
import { addBaseHeaders } from "./service-env.ts";

const callersIdPattern = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Keeps a caller's well-formed `X-Request-Id` or mints a UUIDv7, as `c.get("requestId")`
 * and on every response. The first middleware of a service.
 */
export function requestId(mintId: () => string = mintRequestId): MiddlewareHandler {
  return async (c, next) => {
    c.set("requestId", keptRequestId(c.req.header("X-Request-Id")) ?? mintId());
    await next();
    addBaseHeaders(c);
  };
}

/** A caller's own id, where it is well-formed. */
export const keptRequestId = (callersId: string | undefined): string | undefined =>
  callersId !== undefined && callersIdPattern.test(callersId) ? callersId : undefined;
