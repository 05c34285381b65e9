import { callOf, newUser, startTestAuth, type TestAuth } from "@leftrail/auth/testing";
import { problemSchema } from "@leftrail/contract";
import { createApp as createControlPlane } from "@leftrail/control-plane/app";
import { controlPlaneDocument } from "@leftrail/control-plane/openapi";
import { createApp as createHotPath } from "@leftrail/hot-path/app";
import { builtInRules } from "@leftrail/features";
import { clientAddress, createLogger, createMetrics } from "@leftrail/service";
import { eachStore, givenTenant } from "@leftrail/store/testing";
import fc from "fast-check";
import { BlockList } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hotPathDocument } from "../src/openapi/hot-path-document.ts";
import { operationsOf } from "./operations.ts";

const requestsMax = 600;

eachStore("whatever is sent", (harness) => {
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth();
  });
  afterAll(() => auth[Symbol.asyncDispose]());

  test("no answer is a 5xx, and every error is a problem document", async () => {
    const owner = newUser();
    const { store, auditKeys } = harness();
    const tenant = await givenTenant(store, { members: { [owner.userId]: "owner" } });
    const deps = {
      store,
      verifier: auth.verifier,
      rules: builtInRules,
      keyRing: auditKeys,
      clientAddress: clientAddress(new BlockList()),
      logger: createLogger({ level: "silent", name: "test" }),
      metrics: createMetrics(),
      isDraining: () => false,
    };
    const apps = [
      { app: createControlPlane(deps), document: controlPlaneDocument() },
      { app: createHotPath(deps), document: hotPathDocument() },
    ];
    const operations = apps.flatMap(({ app, document }) =>
      operationsOf(document).map((operation) => ({ call: callOf(app, auth), ...operation })),
    );
    const callers = [owner, newUser(), { ...newUser(), roles: ["platform-admin"] }, undefined];

    await fc.assert(
      fc.asyncProperty(
        requestArbitrary([tenant.id, tenant.slug], operations.length, callers.length),
        async (request) => {
          const operation = operations[request.operation];
          if (operation === undefined) throw new Error("no such operation");
          const parts = [...request.parameters];
          const path = operation.path.replaceAll(/\{\w+\}/g, () =>
            encodeURIComponent((parts.pop() ?? "x").toWellFormed()),
          );
          const query = request.query.length === 0 ? "" : `?${new URLSearchParams(request.query).toString()}`;
          const as = callers[request.caller];
          const method = request.method ?? operation.method;
          // The request object of the platform refuses a body there; the server ignores one.
          const isBodiless = request.body === undefined || method === "GET" || method === "HEAD";
          const answer = await operation.call(method, path + query, {
            ...(as === undefined ? {} : { as }),
            ...(isBodiless ? {} : { body: request.body }),
          });
          expect(answer.status).toBeLessThan(500);
          if (answer.status < 400 || method === "HEAD") return;
          expect(answer.headers.get("content-type")).toContain("application/problem+json");
          expect(problemSchema.parse(answer.body).status).toBe(answer.status);
        },
      ),
      { numRuns: requestsMax },
    );
  });
});

function requestArbitrary(known: readonly string[], operationCount: number, callerCount: number) {
  const text = fc.oneof(
    fc.constantFrom(...known, ...known.map((value) => value.toUpperCase())),
    fc.constantFrom(
      "",
      "0",
      "ai-chat",
      "change-radar",
      "active",
      "null",
      "\u0000",
      "\ud800",
      "../..",
      "%00",
      "1e999",
    ),
    fc.uuid(),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  const field = fc.constantFrom(
    "slug",
    "name",
    "parent_tenant_id",
    "tenant_id",
    "product",
    "limit",
    "cursor",
    "status",
  );
  const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }));
  const wellFormed = fc.record(
    { slug: text, name: text, tenant_id: text, product: text },
    { requiredKeys: [] },
  );
  return fc.record({
    operation: fc.nat(operationCount - 1),
    caller: fc.nat(callerCount - 1),
    method: fc.option(fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"), {
      nil: undefined,
      freq: 5,
    }),
    parameters: fc.array(text, { minLength: 2, maxLength: 2 }),
    query: fc.array(
      fc.tuple(
        field,
        text.map((raw) => raw.toWellFormed()),
      ),
      { maxLength: 3 },
    ),
    body: fc.option(
      fc.oneof(wellFormed, fc.dictionary(fc.oneof(field, fc.string()), value), fc.jsonValue(), fc.string()),
      { nil: undefined },
    ),
  });
}
