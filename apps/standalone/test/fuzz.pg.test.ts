import { callOf, comparable, newUser, startTestAuth, type Call, type TestAuth } from "@leftrail/auth/testing";
import { problemSchema } from "@leftrail/contract";
import { createApp as createControlPlane } from "@leftrail/control-plane/app";
import { controlPlaneDocument } from "@leftrail/control-plane/openapi";
import { createApp as createHotPath } from "@leftrail/hot-path/app";
import { conformanceTo } from "@leftrail/service/testing";
import { eachStore, givenTenant } from "@leftrail/store/testing";
import fc from "fast-check";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hotPathDocument } from "../src/openapi/hot-path-document.ts";
import { depsFor } from "./deps-for.ts";
import { operationsOf, type Operation } from "./operations.ts";
import { requestArbitrary, valueArbitrary } from "./request-arbitrary.ts";

const requestsPerOperation = 60;
const openapi = (name: string) => conformanceTo(new URL(`../../../openapi/${name}.yaml`, import.meta.url));
const conforms = { controlPlane: openapi("control-plane"), hotPath: openapi("hot-path") };

const operations = [
  ...operationsOf(controlPlaneDocument()).map((operation) => ({
    ...operation,
    app: "controlPlane" as const,
  })),
  ...operationsOf(hotPathDocument()).map((operation) => ({ ...operation, app: "hotPath" as const })),
].map((operation) => ({ ...operation, title: `${operation.method} ${operation.path}` }));

eachStore("whatever is sent", (harness) => {
  let auth: TestAuth;
  let calls: Record<"controlPlane" | "hotPath", Call>;
  beforeAll(async () => {
    auth = await startTestAuth();
    const deps = depsFor(harness(), auth);
    calls = {
      controlPlane: callOf(createControlPlane(deps), auth, conforms.controlPlane),
      hotPath: callOf(createHotPath(deps), auth, conforms.hotPath),
    };
  });
  afterAll(() => auth[Symbol.asyncDispose]());

  describe.each(operations)("to $title", (operation) => {
    test("no answer is a 5xx, every error is a problem document, and nothing secret is in any", async () => {
      const owner = newUser();
      const tenant = await givenTenant(harness().store, { members: { [owner.userId]: "owner" } });
      const callers = [owner, newUser(), { ...newUser(), roles: ["platform-admin"] }, undefined];
      const requests = requestArbitrary(operation, [tenant.id, tenant.slug, owner.userId]);
      await fc.assert(
        fc.asyncProperty(
          requests,
          fc.constantFrom(...callers),
          async ({ method, path, headers, body }, as) => {
            const hasBody = body !== undefined && method !== "GET";
            const answer = await calls[operation.app](method, path, {
              headers,
              ...(as === undefined ? {} : { as }),
              ...(hasBody ? { body } : {}),
            });
            expect(answer.status).toBeLessThan(500);
            expect(answer.text).not.toMatch(/argon2id|key_hash|\bat \S+ \(|select .* from|ECONN/i);
            if (answer.status < 400) return;
            expect(answer.headers.get("content-type")).toContain("application/problem+json");
            expect(problemSchema.parse(answer.body).status).toBe(answer.status);
          },
        ),
        { numRuns: requestsPerOperation },
      );
    });
  });

  describe.each(operations.filter(namesATenant))("to $title with a tenant's id", (operation) => {
    test("a foreign tenant's and a random one get the same answer", async () => {
      const foreign = await givenTenant(harness().store, { members: { [randomUUID()]: "owner" } });
      const as = newUser();
      const bodies =
        operation.body === undefined
          ? fc.constant(undefined)
          : valueArbitrary(operation.body, operation, [foreign.id]);
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const [masked, random] = await Promise.all(
            [foreign.id, randomUUID()].map((id) =>
              calls[operation.app](...aboutTenant(operation, id, body, as)),
            ),
          );
          expect(masked?.status).toBeGreaterThanOrEqual(400);
          expect(masked && comparable(masked)).toEqual(random && comparable(random));
        }),
        { numRuns: 5 },
      );
    });
  });
});

const tenantParameters = ["id", "org_id", "tenant_id"];

/** In its path below a tenant, in its query or in its body. */
function namesATenant({ path, parameters, body, schemas }: Operation): boolean {
  if (path.startsWith("/v1/internal/")) return false;
  if (/^\/v1\/(?:tenants\/\{id\}|organizations\/\{org_id\})/.test(path)) return true;
  if (parameters.some(({ name }) => name === "tenant_id")) return true;
  const schema = body?.$ref === undefined ? body : schemas[body.$ref.split("/").at(-1) ?? ""];
  return [schema, ...(schema?.anyOf ?? schema?.oneOf ?? [])].some(
    (one) => one?.properties?.["tenant_id"] !== undefined,
  );
}

function aboutTenant(
  { method, path, parameters }: Operation,
  id: string,
  body: unknown,
  as: ReturnType<typeof newUser>,
): Parameters<Call> {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    tenantParameters.includes(name) ? id : fixedUserId,
  );
  const query = parameters.some(({ name }) => name === "tenant_id") ? `?tenant_id=${id}` : "";
  const isObject = typeof body === "object" && body !== null;
  const named = isObject && "tenant_id" in body ? { ...body, tenant_id: id } : body;
  return [method, filled + query, { as, ...(named === undefined ? {} : { body: named }) }];
}

const fixedUserId = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";
