import { issuersCheck, requirePrincipal, type AuthVariables } from "@leftrail/auth";
import {
  answerMethodNotAllowed,
  createService,
  mountHealth,
  onlyQuery,
  type ServiceEnv,
} from "@leftrail/service";
import { Hono } from "hono";
import type { Deps } from "./deps.ts";
import { createFeatureMetrics } from "./features/feature-metrics.ts";
import { getFeatures } from "./features/get-features.ts";
import { privateAnswer } from "./http/private-answer.ts";
import { organizationIdOf } from "./http/organization-id.ts";
import { getOrganizations } from "./organizations/get-organizations.ts";
import { getProducts } from "./products/get-products.ts";

export type AppEnv = ServiceEnv & { Variables: AuthVariables };

/** The hot path: what a request meets, in order, and every route. */
export function createApp(deps: Deps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const ctx = { ...deps, featureMetrics: createFeatureMetrics(deps.metrics.registry) };
  createService(app, deps);
  mountHealth(app, {
    ...deps,
    checks: { database: () => deps.store.ping(), issuers: issuersCheck(deps.verifier) },
  });

  app.use("/v1/*", requirePrincipal(deps.verifier), privateAnswer, onlyQuery([]));
  app.get("/v1/organizations", async (c) =>
    c.json(await getOrganizations({ ctx, input: { userId: c.var.principal.userId } })),
  );
  app.get("/v1/organizations/:org_id/features", async (c) =>
    c.json(
      await getFeatures({
        ctx,
        input: { organizationId: organizationIdOf(c), principal: c.var.principal },
      }),
    ),
  );
  app.get("/v1/organizations/:org_id/products", async (c) =>
    c.json(
      await getProducts({
        ctx,
        input: { organizationId: organizationIdOf(c), userId: c.var.principal.userId },
      }),
    ),
  );
  answerMethodNotAllowed(app);
  return app;
}
