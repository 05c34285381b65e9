import { z } from "@hono/zod-openapi";
import {
  issuedStreamTicketSchema,
  problemAnswers,
  problemCodes,
  publishedEvents,
  streamEvents,
  streamTicketInputSchema,
  uuidSchema,
  type ProblemCode,
} from "@leftrail/contract";

const query = z.object({
  token: z
    .string()
    .optional()
    .meta({ description: "An access token or a ticket, unless the Authorization header has it" }),
  org_id: uuidSchema.optional().meta({
    description:
      "The organization, unless a ticket names it. Without either: the token's `org_id` claim, else the caller's only one",
  }),
  events: z
    .string()
    .optional()
    .meta({
      description: `Types to be sent, comma separated; all unless given: ${typesOf(publishedEvents)}`,
    }),
  last_event_id: z
    .string()
    .optional()
    .meta({ description: "The id to go on from; the header `Last-Event-ID` goes before it" }),
  lastEventId: z.string().optional().meta({ description: "The same" }),
});

const headers = z.object({
  "Last-Event-ID": z
    .string()
    .optional()
    .meta({ description: "The id to go on from, as EventSource sends it" }),
});

/** The stream and its tickets, as `apps/hot-path` serves them. */
export const streamRoutes = [
  {
    method: "get" as const,
    path: "/v1/stream",
    summary: "What happens in an organization, as it happens",
    description: [
      "Server-sent events. The first block says when to come back, the second is an id alone: where the stream stands.",
      "Each event is `id`, `event` and `data`; `data` is one line of JSON, `{id, type, orgId, occurredAt, data}`. Whoever comes back with the last id is sent everything since, once and in order, as far as it is kept: 1,000 events, 10 minutes or 16 MiB, whichever is least.",
      `The stream itself says, to one connection: ${typesOf(streamEvents)}. A gap tells that what lay between \`requested\` and \`resumedFrom\` can't be sent.`,
      "A condition that will pass (nothing can be checked right now, the organization has too many streams, the instance stops) is no error: the answer is 200, `retry: 5000`, a comment, and its end. Unknown parameters are ignored. `HEAD` is 405.",
    ].join("\n\n"),
    security: [{ bearer: [] }, {}],
    request: { query, headers },
    responses: {
      200: { description: "The stream", content: { "text/event-stream": { schema: z.string() } } },
      ...only(["invalid_input", "unauthenticated", "forbidden", "method_not_allowed", "rate_limited"]),
    },
  },
  {
    method: "post" as const,
    path: "/v1/stream/tickets",
    summary: "A ticket for a stream, to stand in its URL in the place of an access token",
    description:
      "Opens its first stream within a minute; may be used again while a stream of its own is open and for 120 seconds after, never longer than the token it came from. It carries two streams; a third ends the oldest.",
    security: [{ bearer: [] }],
    request: {
      body: { required: true, content: { "application/json": { schema: streamTicketInputSchema } } },
    },
    responses: {
      201: {
        description: "The ticket, shown this once",
        content: { "application/json": { schema: issuedStreamTicketSchema } },
      },
      ...problemAnswers("forbidden", "payload_too_large", "unsupported_media_type"),
    },
  },
];

/** A stream answers nothing else: neither a failure of ours nor an outage is an error status. */
function only(codes: readonly ProblemCode[]) {
  const statuses = codes.map((code) => String(problemCodes[code].status));
  const all = Object.entries(problemAnswers(...codes));
  return Object.fromEntries(all.filter(([status]) => statuses.includes(status)));
}

function typesOf(events: object): string {
  return Object.keys(events)
    .map((type) => `\`${type}\``)
    .join(", ");
}
