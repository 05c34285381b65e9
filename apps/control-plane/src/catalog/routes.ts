import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  catalogItemSchema,
  orderBodySchema,
  pageBodySchema,
  pageQueryShape,
  problemAnswers,
  productRequestInputSchema,
  trialBodySchema,
  trialRequestInputSchema,
  uuidSchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import { idempotencyHeaders, onceRequest, replayHeaders } from "../http/idempotency.ts";
import type { AppEnv } from "../http/request-context.ts";
import { listCatalog } from "./list-catalog.ts";
import { requestProduct } from "./request-product.ts";
import { startTrial } from "./start-trial.ts";

const tags = ["Catalog"];

const list = defineRoute({
  method: "get",
  path: "/v1/catalog",
  tags,
  summary: "The products on offer, sorted by product; with a tenant, what each is to it",
  request: { query: z.object({ ...pageQueryShape, tenant_id: uuidSchema.optional() }) },
  responses: {
    200: { description: "A page of products", content: json(pageBodySchema(catalogItemSchema)) },
    ...problemAnswers("not_found"),
  },
});

const request = defineRoute({
  method: "post",
  path: "/v1/catalog/request",
  tags,
  summary: "Ask for a product; a platform admin approves or rejects the order",
  description:
    "409 while a request for the product is open, and when the tenant is entitled to it beyond a trial.",
  request: {
    headers: idempotencyHeaders,
    body: { required: true, content: json(productRequestInputSchema) },
  },
  responses: {
    201: { description: "The open order", content: json(orderBodySchema) },
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const requestTrial = defineRoute({
  method: "post",
  path: "/v1/catalog/trial-request",
  tags,
  summary: "Start a tenant's one trial of a product",
  request: { headers: idempotencyHeaders, body: { required: true, content: json(trialRequestInputSchema) } },
  responses: {
    201: { description: "The order and the entitlement", content: json(trialBodySchema) },
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

export function mountCatalog(app: OpenAPIHono<AppEnv>): void {
  app.openapi(list, async (c) =>
    c.json(await listCatalog({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
  app.openapi(request, async (c) => {
    const input = c.req.valid("json");
    const once = onceRequest(
      c.var.ctx,
      c.req.valid("header"),
      "POST /v1/catalog/request",
      await c.req.json(),
    );
    const order = await requestProduct({ ctx: c.var.ctx, input, once });
    return c.json(order.body, 201, replayHeaders(order));
  });
  app.openapi(requestTrial, async (c) => {
    const input = c.req.valid("json");
    const once = onceRequest(
      c.var.ctx,
      c.req.valid("header"),
      "POST /v1/catalog/trial-request",
      await c.req.json(),
    );
    const trial = await startTrial({ ctx: c.var.ctx, input, once });
    return c.json(trial.body, 201, replayHeaders(trial));
  });
}
