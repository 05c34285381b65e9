import { OpenAPIHono } from "@hono/zod-openapi";
import { issuersCheck, requirePrincipal } from "@leftrail/auth";
import { except } from "hono/combine";
import { answerMethodNotAllowed, createService, mountHealth, validationHook } from "@leftrail/service";
import type { Deps } from "./deps.ts";
import { createCursorCodec } from "./http/cursor.ts";
import { noStore } from "./http/no-store.ts";
import { requestContext, type AppEnv } from "./http/request-context.ts";
import { internalContext } from "./internal/internal-context.ts";
import { requireInternalToken } from "./internal/require-internal-token.ts";
import { mountRoutes } from "./routes.ts";

/** For services, which hold a token of INTERNAL_TOKENS; people's tokens are for all the others. */
const internalPaths = "/v1/internal/*";

/** The control plane: what a request meets, in order, and every route. */
export function createApp(deps: Deps): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: validationHook });
  const cursors = createCursorCodec(deps.keyRing);
  createService(app, deps);
  mountHealth(app, {
    ...deps,
    checks: { database: () => deps.store.ping(), issuers: issuersCheck(deps.verifier) },
  });

  app.use("/v1/*", noStore);
  app.use(internalPaths, requireInternalToken(deps.internalTokens), internalContext(deps));
  app.use(
    "/v1/*",
    except(internalPaths, requirePrincipal(deps.verifier), requestContext({ ...deps, cursors })),
  );
  mountRoutes(app);
  answerMethodNotAllowed(app);
  return app;
}
