import { OpenAPIHono, z } from "@hono/zod-openapi";
import { streamRoutes } from "./stream-routes.ts";
import {
  bearerScheme,
  explainedFeaturesBodySchema,
  featuresBodySchema,
  featuresQuerySchema,
  organizationsBodySchema,
  problemAnswers,
  productsBodySchema,
  uuidSchema,
  type ProblemCode,
} from "@leftrail/contract";

/**
 * The hot path's OpenAPI 3.1 document, from the schemas in packages/contract. It
 * is made here because the hot path itself must not carry an OpenAPI library.
 */
export function hotPathDocument(): Record<string, unknown> {
  const app = new OpenAPIHono();
  for (const route of routes) {
    app.openAPIRegistry.registerPath({
      ...route,
      method: "get",
      tags: ["Left rail"],
      security: [{ bearer: [] }],
    });
  }
  for (const route of streamRoutes) app.openAPIRegistry.registerPath({ ...route, tags: ["Stream"] });
  for (const [name, header] of Object.entries(answerHeaders)) {
    app.openAPIRegistry.registerComponent("headers", name, header);
  }
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", bearerScheme);
  return {
    ...app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Leftrail hot path",
        version: "1",
        description:
          "The three reads of the left rail, and the live stream. What is committed anywhere is what every instance answers within a second; of the reads `HEAD` works as `GET` does, without the body.",
      },
    }),
  };
}

const params = z.object({ org_id: uuidSchema });
const headers = z.object({
  "If-None-Match": z
    .string()
    .optional()
    .meta({ description: "ETags of answers that the caller holds, or `*`; compared weakly" }),
});

const textHeader = (description: string, ...examples: string[]) => ({
  description,
  schema: { type: "string" as const, examples },
});

/** Of every answer with a body, and of 304, which has none. */
const answerHeaders = {
  "Cache-Control": textHeader(
    "May be kept by the caller alone, who asks again before each use",
    "private, no-cache",
  ),
  "Cache-Status": textHeader(
    "RFC 9211: where the answer came from; `detail=stale` while the database is down",
    "leftrail; hit; detail=l1",
    "leftrail; fwd=miss",
  ),
  ETag: textHeader("Strong: the same for the same bytes", '"jGXWq2nPq3lD5cW1k0o3Zg"'),
  Vary: textHeader(
    "`Authorization`; also `Origin` where pages of other origins may read the answers",
    "Authorization",
  ),
};

const headerReferences = Object.fromEntries(
  Object.keys(answerHeaders).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
);

const routes = [
  {
    path: "/v1/organizations",
    summary: "The caller's organizations, sorted by slug",
    request: { headers },
    responses: answers(organizationsBodySchema, "The organizations"),
  },
  {
    path: "/v1/organizations/{org_id}/features",
    summary: "The features that are on for the caller in an organization",
    description:
      "With `explain=1`, for tenant admins and platform admins, also why: never cached, the rule and the row behind each feature that any rule spoke about.",
    request: { params, headers, query: featuresQuerySchema },
    responses: answers(
      z.union([featuresBodySchema, explainedFeaturesBodySchema]),
      "The features, sorted by UTF-16 code unit",
      "forbidden",
    ),
  },
  {
    path: "/v1/organizations/{org_id}/products",
    summary: "The entitlements of an organization, sorted by product, then id",
    request: { params, headers },
    responses: answers(productsBodySchema, "The products", "forbidden"),
  },
];

function answers(schema: z.ZodType, description: string, ...codes: readonly ProblemCode[]) {
  return {
    200: { description, headers: headerReferences, content: { "application/json": { schema } } },
    304: { description: "The caller holds the answer already", headers: headerReferences },
    ...problemAnswers(...codes),
  };
}
