import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  auditEntryBodySchema,
  auditFiltersShape,
  auditVerificationBodySchema,
  pageBodySchema,
  pageQueryShape,
  problemAnswers,
  reportAuditInputSchema,
  reportInternalAuditInputSchema,
  uuidSchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import { idempotencyHeaders, onceRequest, replayHeaders } from "../http/idempotency.ts";
import type { AppEnv } from "../http/request-context.ts";
import { listAudit } from "./list-audit.ts";
import { reportAudit } from "./report-audit.ts";
import { reportInternalAudit } from "./report-internal-audit.ts";
import { verifyAudit } from "./verify-audit.ts";

const tags = ["Audit"];

const report = defineRoute({
  method: "post",
  path: "/v1/audit",
  tags,
  summary: "Report what the caller, a member of the tenant, did in a product",
  description:
    "The actor is the caller. The actions that Leftrail reports itself are refused (400), a cancelled tenant takes no reports (409).",
  request: { headers: idempotencyHeaders, body: { required: true, content: json(reportAuditInputSchema) } },
  responses: {
    201: { description: "The entry", content: json(auditEntryBodySchema) },
    ...problemAnswers("not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const reportInternal = defineRoute({
  method: "post",
  path: "/v1/internal/audit",
  tags,
  security: [{ internal: [] }],
  summary: "Report what somebody did, and when, as a service that saw it",
  description:
    "As for members; the reporter names the actor. `ip` and `request_id` are those of the report. A cancelled tenant takes no reports from services either (409).",
  request: {
    headers: idempotencyHeaders,
    body: { required: true, content: json(reportInternalAuditInputSchema) },
  },
  responses: {
    201: { description: "The entry", content: json(auditEntryBodySchema) },
    ...problemAnswers("not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const list = defineRoute({
  method: "get",
  path: "/v1/audit",
  tags,
  summary: "The audit trail, newest first",
  description:
    "Of one tenant for its admins. Platform admins may leave the tenant out, for others that is 403, and may ask for a deleted tenant by the id it had; an id with neither tenant nor trail is 404. `since` is inclusive, `until` exclusive; where nothing lies between them the list is empty.",
  request: { query: z.object({ ...pageQueryShape, ...auditFiltersShape }) },
  responses: {
    200: { description: "A page of entries", content: json(pageBodySchema(auditEntryBodySchema)) },
    ...problemAnswers("forbidden", "not_found"),
  },
});

const verify = defineRoute({
  method: "get",
  path: "/v1/audit/verify",
  tags,
  summary: "Verify that a tenant's trail is as it was written",
  description:
    "Computes the whole chain again, so it takes as long as the trail is. `first_broken` is the seq of the first entry that was changed, is missing, or is not covered by the head. Whoever notes `head` elsewhere also finds a restored older trail: its head is behind the noted one.",
  request: { query: z.object({ tenant_id: uuidSchema }) },
  responses: {
    200: { description: "What was found", content: json(auditVerificationBodySchema) },
    ...problemAnswers("forbidden", "not_found"),
  },
});

export function mountAudit(app: OpenAPIHono<AppEnv>): void {
  app.openapi(report, async (c) => {
    const input = c.req.valid("json");
    const once = onceRequest(c.var.ctx, c.req.valid("header"), "POST /v1/audit", await c.req.json());
    const entry = await reportAudit({ ctx: c.var.ctx, input, once });
    return c.json(entry.body, 201, replayHeaders(entry));
  });
  app.openapi(reportInternal, async (c) => {
    const ctx = c.var.internal;
    const input = c.req.valid("json");
    const once = onceRequest(ctx, c.req.valid("header"), "POST /v1/internal/audit", await c.req.json());
    const entry = await reportInternalAudit({ ctx, input, once });
    return c.json(entry.body, 201, replayHeaders(entry));
  });
  app.openapi(list, async (c) =>
    c.json(await listAudit({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
  app.openapi(verify, async (c) =>
    c.json(await verifyAudit({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
}
