import { createApp as createControlPlane } from "@leftrail/control-plane/app";
import { controlPlaneDocument } from "@leftrail/control-plane/openapi";
import { createApp as createHotPath } from "@leftrail/hot-path/app";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { createDeps } from "../src/deps.ts";
import { hotPathDocument } from "../src/openapi/hot-path-document.ts";
import { operationsOf } from "./operations.ts";

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

test("no document says anything of a hash, a secret or a password", () => {
  const text = JSON.stringify([controlPlaneDocument(), hotPathDocument()]);
  expect(text).not.toMatch(/hash|secret|password|pepper/i);
});
