import { OpenAPIHono, z } from "@hono/zod-openapi";
import {
  bearerScheme,
  featuresBodySchema,
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
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", bearerScheme);
  return {
    ...app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Leftrail hot path",
        version: "1",
        description: "The three reads of the left rail.",
      },
    }),
  };
}

const organization = { params: z.object({ org_id: uuidSchema }) };

const routes = [
  {
    path: "/v1/organizations",
    summary: "The caller's organizations, sorted by slug",
    responses: answers(organizationsBodySchema, "The organizations"),
  },
  {
    path: "/v1/organizations/{org_id}/features",
    summary: "The features that are on for the caller in an organization",
    request: organization,
    responses: answers(featuresBodySchema, "The features, sorted by UTF-16 code unit", "forbidden"),
  },
  {
    path: "/v1/organizations/{org_id}/products",
    summary: "The entitlements of an organization, sorted by product, then id",
    request: organization,
    responses: answers(productsBodySchema, "The products", "forbidden"),
  },
];

function answers(schema: z.ZodType, description: string, ...codes: readonly ProblemCode[]) {
  return { 200: { description, content: { "application/json": { schema } } }, ...problemAnswers(...codes) };
}
