import type { Context } from "hono";
import { matchedRoutes } from "hono/route";

/** The label of a request that no route knows. */
export const unmatchedRoute = "unmatched";

/** The pattern of the route that answered, never a raw path, so that labels stay bounded. */
export function routeLabel(c: Context): string {
  const routes = matchedRoutes(c);
  const answering = routes[c.req.routeIndex];
  if (answering !== undefined && isEndpoint(answering)) return answering.path;
  // A middleware answered (401, for one): the endpoint it stands before.
  return routes.findLast(isEndpoint)?.path ?? unmatchedRoute;
}

const isEndpoint = (route: { readonly method: string; readonly path: string }): boolean =>
  route.method !== "ALL" || !route.path.includes("*");
