import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  overrideBodySchema,
  pageBodySchema,
  pageQueryShape,
  problemAnswers,
  putOverrideInputSchema,
  uuidSchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import type { AppEnv } from "../http/request-context.ts";
import { listOverrides } from "./list-overrides.ts";
import { toOverrideBody } from "./override-body.ts";
import { putOverride } from "./put-override.ts";
import { removeOverride } from "./remove-override.ts";

const tags = ["Overrides"];
const overrideAnswer = (description: string) => ({ description, content: json(overrideBodySchema) });

const list = defineRoute({
  method: "get",
  path: "/v1/overrides",
  tags,
  summary: "A tenant's overrides, newest first, for its admins; those that have expired among them",
  request: { query: z.object({ ...pageQueryShape, tenant_id: uuidSchema }) },
  responses: {
    200: { description: "A page of overrides", content: json(pageBodySchema(overrideBodySchema)) },
    ...problemAnswers("forbidden", "not_found"),
  },
});

const put = defineRoute({
  method: "put",
  path: "/v1/overrides",
  tags,
  summary: "Set the one override of a tenant and target; repeated, it changes nothing",
  description:
    "Replaces the whole override: what is left out is null. An `expires_at` in the past is taken, so that a repeat " +
    "never fails; such an override counts for nothing.",
  request: { body: { required: true, content: json(putOverrideInputSchema) } },
  responses: {
    200: overrideAnswer("The override, replaced or unchanged"),
    201: overrideAnswer("The new override"),
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const remove = defineRoute({
  method: "delete",
  path: "/v1/overrides/{id}",
  tags,
  summary: "Remove an override, of a cancelled tenant too",
  request: { params: z.object({ id: uuidSchema }) },
  responses: {
    204: { description: "The override is gone" },
    ...problemAnswers("forbidden", "not_found", "payload_too_large", "unsupported_media_type"),
  },
});

export function mountOverrides(app: OpenAPIHono<AppEnv>): void {
  app.openapi(list, async (c) =>
    c.json(await listOverrides({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
  app.openapi(put, async (c) => {
    const { override, isNew } = await putOverride({ ctx: c.var.ctx, input: c.req.valid("json") });
    return isNew ? c.json(toOverrideBody(override), 201) : c.json(toOverrideBody(override), 200);
  });
  app.openapi(remove, async (c) => {
    await removeOverride({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.body(null, 204);
  });
}
