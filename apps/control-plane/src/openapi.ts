import { OpenAPIHono } from "@hono/zod-openapi";
import { bearerScheme, internalScheme } from "@leftrail/contract";
import type { AppEnv } from "./http/request-context.ts";
import { mountRoutes } from "./routes.ts";

/** The control plane's OpenAPI 3.1 document, from the schemas that its routes validate with. */
export function controlPlaneDocument(): Record<string, unknown> {
  const app = new OpenAPIHono<AppEnv>();
  mountRoutes(app);
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", bearerScheme);
  app.openAPIRegistry.registerComponent("securitySchemes", "internal", internalScheme);
  return {
    ...app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Leftrail control plane",
        version: "1",
        description: "Everything that changes state: tenants, catalog, trials, entitlements.",
      },
    }),
  };
}
