import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  memberBodySchema,
  pageBodySchema,
  pageQueryShape,
  problemAnswers,
  setMemberInputSchema,
  uuidSchema,
} from "@leftrail/contract";
import { z } from "zod";
import { defineRoute, json } from "../http/define-route.ts";
import type { AppEnv } from "../http/request-context.ts";
import { listMembers } from "./list-members.ts";
import { toMemberBody } from "./member-body.ts";
import { removeMember } from "./remove-member.ts";
import { setMember } from "./set-member.ts";

const tags = ["Members"];
const params = z.object({ id: uuidSchema, user_id: uuidSchema });

const list = defineRoute({
  method: "get",
  path: "/v1/tenants/{id}/members",
  tags,
  summary: "A tenant's own members, sorted by user id, for its admins",
  request: { params: z.object({ id: uuidSchema }), query: z.object(pageQueryShape) },
  responses: {
    200: { description: "A page of members", content: json(pageBodySchema(memberBodySchema)) },
    ...problemAnswers("forbidden", "not_found"),
  },
});

const set = defineRoute({
  method: "put",
  path: "/v1/tenants/{id}/members/{user_id}",
  tags,
  summary: "Make a user a member or change a member's role; repeated, it changes nothing",
  description:
    "Only owners of the tenant and platform admins grant or change `owner`. The last owner keeps the role: 409.",
  request: { params, body: { required: true, content: json(setMemberInputSchema) } },
  responses: {
    200: { description: "The member", content: json(memberBodySchema) },
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

const remove = defineRoute({
  method: "delete",
  path: "/v1/tenants/{id}/members/{user_id}",
  tags,
  summary: "Remove a member, of a cancelled tenant too",
  description:
    "Only owners of the tenant and platform admins remove an `owner`. The last owner can't go: 409.",
  request: { params },
  responses: {
    204: { description: "The user is no member any more" },
    ...problemAnswers("forbidden", "not_found", "conflict", "payload_too_large", "unsupported_media_type"),
  },
});

export function mountMembers(app: OpenAPIHono<AppEnv>): void {
  app.openapi(list, async (c) => {
    const input = { ...c.req.valid("query"), ...c.req.valid("param") };
    return c.json(await listMembers({ ctx: c.var.ctx, input }), 200);
  });
  app.openapi(set, async (c) => {
    const input = { ...c.req.valid("json"), ...c.req.valid("param") };
    return c.json(toMemberBody(await setMember({ ctx: c.var.ctx, input })), 200);
  });
  app.openapi(remove, async (c) => {
    await removeMember({ ctx: c.var.ctx, input: c.req.valid("param") });
    return c.body(null, 204);
  });
}
