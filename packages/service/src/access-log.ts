import type { Context, MiddlewareHandler } from "hono";
import type { Logger } from "./logger.ts";
import { routeLabel } from "./route-label.ts";
import { requestIdOf } from "./service-env.ts";

/** Characters of a path that a log line holds at most. */
export const loggedPathLengthMax = 512;

const quietPaths: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** One line per answered request: who and what, never headers, bodies or the query. */
export function accessLog(logger: Logger, nowMs: () => number = () => performance.now()): MiddlewareHandler {
  return async (c, next) => {
    const startMs = nowMs();
    await next();
    const { status } = c.res;
    const userId = userIdOf(c);
    logger[levelOf(status, c.req.path)](
      {
        requestId: requestIdOf(c),
        method: c.req.method,
        path: c.req.path.slice(0, loggedPathLengthMax),
        route: routeLabel(c),
        status,
        durationMs: Math.round((nowMs() - startMs) * 1000) / 1000,
        ...(userId === undefined ? {} : { userId }),
      },
      "request",
    );
  };
}

function levelOf(status: number, path: string): "error" | "debug" | "info" {
  // A probe that answers 503 while draining is no error either.
  if (quietPaths.has(path)) return "debug";
  return status >= 500 ? "error" : "info";
}

function userIdOf(c: Context): string | undefined {
  const principal: unknown = c.get("principal");
  if (typeof principal !== "object" || principal === null || !("userId" in principal)) return undefined;
  return typeof principal.userId === "string" ? principal.userId : undefined;
}
