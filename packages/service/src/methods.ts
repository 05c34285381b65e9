import { ProblemError } from "@leftrail/contract";
import type { Context, Env, Hono, MiddlewareHandler, Schema } from "hono";
import { matchedRoutes } from "hono/route";
import { problemResponse } from "./problems.ts";
import { requestIdOf } from "./service-env.ts";

/**
 * After all routes and before the first request: any other method of a known path answers
 * 405 with `Allow`. Middleware of the app runs before it, so a missing token is still 401.
 * Wildcard paths are left alone.
 */
export function answerMethodNotAllowed<E extends Env, S extends Schema, B extends string>(
  app: Hono<E, S, B>,
): void {
  const methodsOfPath = collectMethods(app);
  for (const path of methodsOfPath.keys()) {
    app.all(path, (c) => {
      // Several patterns can match one path ("/a/:id" and "/a/b"); their methods add up.
      const allowed = new Set(
        matchedRoutes(c).flatMap((route) => [...(methodsOfPath.get(route.path) ?? [])]),
      );
      return methodNotAllowed(c, allowed);
    });
  }
}

/** For all methods of a path that has no meaning but for GET, such as a stream; before its GET route. */
export const onlyGet: MiddlewareHandler = async (c, next) =>
  c.req.method === "GET" ? next() : methodNotAllowed(c, new Set(["GET"]));

function collectMethods<E extends Env, S extends Schema, B extends string>(
  app: Hono<E, S, B>,
): Map<string, Set<string>> {
  const methodsOfPath = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    const isGetOnly = app.routes.some((route) => route.path === path && route.handler === onlyGet);
    if (method === "ALL" || path.includes("*") || isGetOnly) continue;
    const methods = methodsOfPath.get(path) ?? new Set();
    methodsOfPath.set(path, methods.add(method));
    if (method === "GET") methods.add("HEAD");
  }
  return methodsOfPath;
}

const methodNotAllowed = (c: Context, allowed: ReadonlySet<string>): Response =>
  problemResponse(
    new ProblemError("method_not_allowed", "This path does not take this method."),
    requestIdOf(c),
    { Allow: [...allowed].toSorted().join(", ") },
  );
