import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  orderBodySchema,
  orderStatusSchema,
  pageBodySchema,
  pageQueryShape,
  problemAnswers,
  uuidSchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import type { AppEnv } from "../http/request-context.ts";
import { approveOrder } from "./approve-order.ts";
import { listOrders } from "./list-orders.ts";
import { toOrderBody } from "./order-body.ts";
import { rejectOrder } from "./reject-order.ts";

const tags = ["Orders"];
const params = z.object({ id: uuidSchema });
const decisionAnswers = {
  200: { description: "The order", content: json(orderBodySchema) },
  ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
};

const list = defineRoute({
  method: "get",
  path: "/v1/orders",
  tags,
  summary: "A tenant's orders, newest first",
  request: {
    query: z.object({ ...pageQueryShape, tenant_id: uuidSchema, status: orderStatusSchema.optional() }),
  },
  responses: {
    200: { description: "A page of orders", content: json(pageBodySchema(orderBodySchema)) },
    ...problemAnswers("not_found"),
  },
});

const approve = defineRoute({
  method: "post",
  path: "/v1/orders/{id}/approve",
  tags,
  summary: "Entitle the tenant to what it asked for, open-ended; a running trial of it ends",
  description: "409 when the order is not open, the tenant is cancelled, or it is entitled already.",
  request: { params },
  responses: decisionAnswers,
});

const reject = defineRoute({
  method: "post",
  path: "/v1/orders/{id}/reject",
  tags,
  summary: "Close an open order without giving anything",
  description: "409 when the order is not open or the tenant is cancelled.",
  request: { params },
  responses: decisionAnswers,
});

export function mountOrders(app: OpenAPIHono<AppEnv>): void {
  app.openapi(list, async (c) =>
    c.json(await listOrders({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
  app.openapi(approve, async (c) => {
    const order = await approveOrder({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.json(toOrderBody(order), 200);
  });
  app.openapi(reject, async (c) => {
    const order = await rejectOrder({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.json(toOrderBody(order), 200);
  });
}
