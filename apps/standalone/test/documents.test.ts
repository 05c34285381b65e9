import { createApp as createControlPlane } from "@leftrail/control-plane/app";
import { controlPlaneDocument } from "@leftrail/control-plane/openapi";
import { createApp as createHotPath } from "@leftrail/hot-path/app";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { createDeps } from "../src/deps.ts";
import { hotPathDocument } from "../src/openapi/hot-path-document.ts";
import { operationsOf } from "./operations.ts";

interface Document {
  readonly components?: { readonly schemas?: object };
}

interface RoutedApp {
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

/** `GET /v1/tenants/{id}` of every route but those for operators. */
const routed = ({ routes }: RoutedApp): readonly string[] => {
  const operations = routes
    .filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/"))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  return [...new Set(operations)].toSorted();
};

const documented = (document: Record<string, unknown>): readonly string[] =>
  operationsOf(document)
    .map(({ method, path }) => `${method} ${path}`)
    .toSorted();

test("every documented operation is routed, and every route is documented", async () => {
  await using deps = await createDeps(
    readConfig({ LOG_LEVEL: "silent" }, ["--memory"]),
    "unused",
    new AbortController().signal,
  );
  const controlPlane = documented(controlPlaneDocument());
  expect(controlPlane).toContain("POST /v1/tenants/{id}/activate");
  expect(controlPlane).toEqual(routed(createControlPlane(deps)));
  expect(documented(hotPathDocument())).toEqual(routed(createHotPath(deps)));
});

test("no document speaks of a stored secret; the one hash in them is the audit chain's", () => {
  const documents: readonly Document[] = [controlPlaneDocument(), hotPathDocument()];
  const text = JSON.stringify(documents);
  expect(text).not.toMatch(/key_?hash|argon2|password|pepper|bp_[A-Za-z0-9_-]{22}/i);
  const withHash = documents
    .flatMap((document) => Object.entries(document.components?.schemas ?? {}))
    .filter(([, schema]) => JSON.stringify(schema).includes('"hash"'))
    .map(([name]) => name);
  expect(withHash.toSorted()).toEqual(["AuditEntry", "AuditVerification"]);
});

test("a pattern in a document is what a client can use: without the flags of a JavaScript literal", () => {
  const text = JSON.stringify([controlPlaneDocument(), hotPathDocument()]);
  const patterns = [...text.matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(([, pattern]) => pattern ?? "");
  expect(patterns.length).toBeGreaterThan(10);
  for (const pattern of patterns) expect(pattern).not.toMatch(/\/[dgimsuvy]+$/);
});
