import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  createTenantInputSchema,
  pageBodySchema,
  pageQueryShape,
  problemAnswers,
  slugSchema,
  tenantBodySchema,
  tenantStatusSchema,
  updateTenantInputSchema,
  uuidSchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import { idempotencyHeaders, onceRequest, replayHeaders } from "../http/idempotency.ts";
import type { AppEnv } from "../http/request-context.ts";
import { activateTenant } from "./activate-tenant.ts";
import { cancelTenant } from "./cancel-tenant.ts";
import { createTenant } from "./create-tenant.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { getTenant } from "./get-tenant.ts";
import { listTenants } from "./list-tenants.ts";
import { toTenantBody } from "./tenant-body.ts";
import { updateTenant } from "./update-tenant.ts";

const tags = ["Tenants"];
const params = z.object({ id: uuidSchema });
const tenantAnswer = { description: "The tenant", content: json(tenantBodySchema) };

const create = defineRoute({
  method: "post",
  path: "/v1/tenants",
  tags,
  summary: "Create a tenant, owned by the caller; below a parent only for the parent's admin",
  request: { headers: idempotencyHeaders, body: { required: true, content: json(createTenantInputSchema) } },
  responses: {
    201: { ...tenantAnswer, headers: z.object({ Location: z.string() }) },
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const list = defineRoute({
  method: "get",
  path: "/v1/tenants",
  tags,
  summary: "The tenants that the caller may see, newest first",
  request: { query: z.object({ ...pageQueryShape, status: tenantStatusSchema.optional() }) },
  responses: {
    200: { description: "A page of tenants", content: json(pageBodySchema(tenantBodySchema)) },
    ...problemAnswers(),
  },
});

const get = defineRoute({
  method: "get",
  path: "/v1/tenants/{id}",
  tags,
  summary: "A tenant by its id",
  request: { params },
  responses: { 200: tenantAnswer, ...problemAnswers("not_found") },
});

const getBySlug = defineRoute({
  method: "get",
  path: "/v1/tenants/by-slug/{slug}",
  tags,
  summary: "A tenant by its slug",
  request: { params: z.object({ slug: slugSchema }) },
  responses: { 200: tenantAnswer, ...problemAnswers("not_found") },
});

const update = defineRoute({
  method: "patch",
  path: "/v1/tenants/{id}",
  tags,
  summary: "Rename a tenant, or as a platform admin move it below another parent",
  description:
    "What is left out stays; `parent_tenant_id: null` makes it a tenant without a parent. 409 for a cycle.",
  request: { params, body: { required: true, content: json(updateTenantInputSchema) } },
  responses: {
    200: tenantAnswer,
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const remove = defineRoute({
  method: "delete",
  path: "/v1/tenants/{id}",
  tags,
  summary: "Delete a cancelled tenant that has none below it, with all its rows but the audit trail",
  request: { params },
  responses: {
    204: { description: "The tenant is gone" },
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const activate = defineRoute({
  method: "post",
  path: "/v1/tenants/{id}/activate",
  tags,
  summary: "Activate a pending tenant; repeated, it changes nothing",
  request: { params },
  responses: {
    200: tenantAnswer,
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const cancel = defineRoute({
  method: "post",
  path: "/v1/tenants/{id}/cancel",
  tags,
  summary: "Cancel a tenant for good; repeated, it changes nothing",
  request: { params },
  responses: {
    200: tenantAnswer,
    ...problemAnswers("forbidden", "not_found", "payload_too_large", "unsupported_media_type"),
  },
});

export function mountTenants(app: OpenAPIHono<AppEnv>): void {
  app.openapi(create, async (c) => {
    const input = c.req.valid("json");
    const once = onceRequest(c.var.ctx, c.req.valid("header"), "POST /v1/tenants", await c.req.json());
    const tenant = await createTenant({ ctx: c.var.ctx, input, once });
    return c.json(tenant.body, 201, { Location: `/v1/tenants/${tenant.body.id}`, ...replayHeaders(tenant) });
  });
  app.openapi(list, async (c) =>
    c.json(await listTenants({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
  app.openapi(get, async (c) => {
    const tenant = await getTenant({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.json(toTenantBody(tenant), 200);
  });
  app.openapi(getBySlug, async (c) => {
    const tenant = await getTenant({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.json(toTenantBody(tenant), 200);
  });
  app.openapi(update, async (c) => {
    const input = { ...c.req.valid("json"), ...c.req.valid("param") };
    return c.json(toTenantBody(await updateTenant({ ctx: c.var.ctx, input })), 200);
  });
  app.openapi(remove, async (c) => {
    await deleteTenant({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.body(null, 204);
  });
  app.openapi(activate, async (c) => {
    const tenant = await activateTenant({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.json(toTenantBody(tenant), 200);
  });
  app.openapi(cancel, async (c) => {
    const tenant = await cancelTenant({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.json(toTenantBody(tenant), 200);
  });
}
