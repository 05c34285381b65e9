import { OpenAPIHono } from "@hono/zod-openapi";
import { issuersCheck, requirePrincipal } from "@leftrail/auth";
import { answerMethodNotAllowed, createService, mountHealth, validationHook } from "@leftrail/service";
import type { Deps } from "./deps.ts";
import { createCursorCodec } from "./http/cursor.ts";
import { requestContext, type AppEnv } from "./http/request-context.ts";
import { mountRoutes } from "./routes.ts";

/** The control plane: what a request meets, in order, and every route. */
export function createApp(deps: Deps): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: validationHook });
  const cursors = createCursorCodec(deps.keyRing);
  createService(app, deps);
  mountHealth(app, {
    ...deps,
    checks: { database: () => deps.store.ping(), issuers: issuersCheck(deps.verifier) },
  });

  app.use("/v1/*", requirePrincipal(deps.verifier), requestContext({ ...deps, cursors }));
  mountRoutes(app);
  answerMethodNotAllowed(app);
  return app;
}
