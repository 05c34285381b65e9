import { createRoute, z, type RouteConfig } from "@hono/zod-openapi";
import { noBody, onlyQuery, strictJson } from "@leftrail/service";
import type { MiddlewareHandler } from "hono";

type RouteShape = Omit<RouteConfig, "path" | "middleware"> & { readonly path: string };

/**
 * A documented route that takes nothing it does not declare: unknown query
 * parameters and, without a declared body, any body are refused before the
 * validators of the route look at the rest.
 */
export function defineRoute<const R extends RouteShape>(
  route: R,
  jsonBody: MiddlewareHandler = strictJson(),
) {
  const query = route.request?.query;
  const names = query instanceof z.ZodObject ? Object.keys(query.shape) : [];
  const body = route.request?.body === undefined ? noBody() : jsonBody;
  return createRoute({
    security: [{ bearer: [] }],
    ...route,
    middleware: route.method === "get" ? [onlyQuery(names)] : [onlyQuery(names), body],
  });
}

/** One JSON body, of a request or of an answer. */
export const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
