import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  apiKeyBodySchema,
  createApiKeyInputSchema,
  newApiKeyBodySchema,
  pageBodySchema,
  pageQueryShape,
  presentedKeySchema,
  problemAnswers,
  rotateApiKeyInputSchema,
  uuidSchema,
  verifiedKeyBodySchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import { idempotencyHeaders, onceRequest, replayHeaders } from "../http/idempotency.ts";
import type { AppEnv } from "../http/request-context.ts";
import { readAnyBody } from "../internal/any-body.ts";
import { createApiKey } from "./create-api-key.ts";
import { listApiKeys } from "./list-api-keys.ts";
import { revokeApiKey } from "./revoke-api-key.ts";
import { rotateApiKey } from "./rotate-api-key.ts";
import { verifyKey } from "./verify-key.ts";

const tags = ["API keys"];
const params = z.object({ id: uuidSchema });
const newKeyAnswers = {
  201: { description: "The new key, shown this once", content: json(newApiKeyBodySchema) },
  ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
};

const create = defineRoute({
  method: "post",
  path: "/v1/api-keys",
  tags,
  summary: "Create an API key of an active tenant, for the tenant's admins",
  description: "`key` is shown in this answer only; a replay has null in its place.",
  request: { headers: idempotencyHeaders, body: { required: true, content: json(createApiKeyInputSchema) } },
  responses: newKeyAnswers,
});

const list = defineRoute({
  method: "get",
  path: "/v1/api-keys",
  tags,
  summary: "A tenant's API keys, newest first, revoked and expired ones among them, for its admins",
  request: { query: z.object({ ...pageQueryShape, tenant_id: uuidSchema }) },
  responses: {
    200: { description: "A page of API keys", content: json(pageBodySchema(apiKeyBodySchema)) },
    ...problemAnswers("forbidden", "not_found"),
  },
});

const revoke = defineRoute({
  method: "delete",
  path: "/v1/api-keys/{id}",
  tags,
  summary: "Revoke an API key for good; repeated, it changes nothing",
  request: { params },
  responses: {
    204: { description: "No verification that begins after this answer finds the key valid" },
    ...problemAnswers("forbidden", "not_found", "payload_too_large", "unsupported_media_type"),
  },
});

const rotate = defineRoute({
  method: "post",
  path: "/v1/api-keys/{id}/rotate",
  tags,
  summary: "Replace an API key by a new one; the old one expires after the grace, 0 for at once",
  description:
    "The new key has the name and the scopes of the old one and does not expire. A key that is revoked or has " +
    "expired can't be rotated. `key` is shown in this answer only; a replay has null in its place.",
  request: {
    params,
    headers: idempotencyHeaders,
    body: { required: true, content: json(rotateApiKeyInputSchema) },
  },
  responses: newKeyAnswers,
});

const { 400: _never, ...verifyProblems } = problemAnswers("payload_too_large");
const verify = createRoute({
  method: "post",
  path: "/v1/internal/api-keys/verify",
  tags,
  summary: "What a presented API key is good for, by its row as it is now",
  description: "Whatever is sent that is no key is `not_found`; 503 means that too many wait to be verified.",
  security: [{ internal: [] }],
  request: { body: { required: true, content: json(presentedKeySchema) } },
  responses: {
    200: { description: "Valid or not", content: json(verifiedKeyBodySchema) },
    ...verifyProblems,
  },
});

export function mountApiKeys(app: OpenAPIHono<AppEnv>): void {
  app.openapi(create, async (c) => {
    const { ctx } = c.var;
    const once = onceRequest(ctx, c.req.valid("header"), "POST /v1/api-keys", await c.req.json());
    const created = await createApiKey({ ctx, input: c.req.valid("json"), once });
    return c.json(created.body, 201, replayHeaders(created));
  });
  app.openapi(list, async (c) =>
    c.json(await listApiKeys({ ctx: c.var.ctx, input: c.req.valid("query") }), 200),
  );
  app.openapi(revoke, async (c) => {
    await revokeApiKey({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.body(null, 204);
  });
  app.openapi(rotate, async (c) => {
    const { ctx } = c.var;
    const { id } = c.req.valid("param");
    const body: unknown = await c.req.json();
    const once = onceRequest(ctx, c.req.valid("header"), "POST /v1/api-keys/{id}/rotate", { id, body });
    const created = await rotateApiKey({ ctx, input: { id, ...c.req.valid("json") }, once });
    return c.json(created.body, 201, replayHeaders(created));
  });
  // Documented but not validated: whatever is no key is an answer of 200.
  app.openAPIRegistry.registerPath(verify);
  app.post(verify.getRoutingPath(), async (c) => {
    const { store, keys } = c.var.internal;
    const ctx = { ...keys, rows: store.read.apiKeys };
    return c.json(await verifyKey({ ctx, input: await readAnyBody(c) }), 200);
  });
}
