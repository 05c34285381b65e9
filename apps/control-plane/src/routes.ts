import type { OpenAPIHono } from "@hono/zod-openapi";
import { mountApiKeys } from "./api-keys/routes.ts";
import { mountAudit } from "./audit/routes.ts";
import { mountCatalog } from "./catalog/routes.ts";
import { mountEntitlements } from "./entitlements/routes.ts";
import { mountEvents } from "./events/routes.ts";
import type { AppEnv } from "./http/request-context.ts";
import { mountMembers } from "./members/routes.ts";
import { mountOrders } from "./orders/routes.ts";
import { mountOverrides } from "./overrides/routes.ts";
import { mountTenants } from "./tenants/routes.ts";

/** Every documented route of the control plane. */
export function mountRoutes(app: OpenAPIHono<AppEnv>): void {
  mountTenants(app);
  mountMembers(app);
  mountCatalog(app);
  mountOrders(app);
  mountEntitlements(app);
  mountOverrides(app);
  mountAudit(app);
  mountApiKeys(app);
  mountEvents(app);
}
