import type { OpenAPIHono } from "@hono/zod-openapi";
import { mountCatalog } from "./catalog/routes.ts";
import { mountEntitlements } from "./entitlements/routes.ts";
import type { AppEnv } from "./http/request-context.ts";
import { mountTenants } from "./tenants/routes.ts";

/** Every documented route of the control plane. */
export function mountRoutes(app: OpenAPIHono<AppEnv>): void {
  mountTenants(app);
  mountCatalog(app);
  mountEntitlements(app);
}
