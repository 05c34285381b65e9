import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  entitlementBodySchema,
  pageBodySchema,
  pageQueryShape,
  problemAnswers,
  uuidSchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import type { AppEnv } from "../http/request-context.ts";
import { listEntitlements } from "./list-entitlements.ts";

const list = defineRoute({
  method: "get",
  path: "/v1/entitlements",
  tags: ["Entitlements"],
  summary: "What a tenant may use, newest first, with the status as of now",
  request: { query: z.object({ ...pageQueryShape, tenant_id: uuidSchema }) },
  responses: {
    200: { description: "A page of entitlements", content: json(pageBodySchema(entitlementBodySchema)) },
    ...problemAnswers("not_found"),
  },
});

export function mountEntitlements(app: OpenAPIHono<AppEnv>): void {
  app.openapi(list, async (c) =>
    c.json(await listEntitlements({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
}
