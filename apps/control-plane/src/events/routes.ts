import type { OpenAPIHono } from "@hono/zod-openapi";
import { problemAnswers, publishedEventBodySchema, publishEventInputSchema } from "@leftrail/contract";
import { strictJson } from "@leftrail/service";
import { defineRoute, json } from "../http/define-route.ts";
import type { AppEnv } from "../http/request-context.ts";
import { publishEvent } from "./publish-event.ts";

const publish = defineRoute(
  {
    method: "post",
    path: "/v1/internal/events",
    tags: ["Events"],
    security: [{ internal: [] }],
    summary: "Publish an event to the streams of an organization",
    description:
      "`data` is checked by `type`; the types that begin with `stream.` are the stream's own. The answer's `id` is the " +
      "one that the stream shows. 503 means that the event may or may not have been published: with an `event_key` the " +
      "call can be repeated, and the same key within a day answers the first one's id, whatever else is sent with it. " +
      "A cancelled organization takes no events (409). Of the 64 KiB of a body an escape such as `\\u00e9` takes what " +
      "it stands for.",
    request: { body: { required: true, content: json(publishEventInputSchema) } },
    responses: {
      202: { description: "It is in the organization's history", content: json(publishedEventBodySchema) },
      ...problemAnswers("not_found", "conflict", "payload_too_large", "unsupported_media_type"),
    },
  },
  strictJson({ limit: "unescaped" }),
);

export function mountEvents(app: OpenAPIHono<AppEnv>): void {
  app.openapi(publish, async (c) =>
    c.json(await publishEvent({ ctx: c.var.internal, input: c.req.valid("json") }), 202),
  );
}
