import { describe, expect, test } from "vitest";
import { findBoundaryViolations } from "./boundaries.ts";
import { importSpecifiers } from "./import-specifiers.ts";
import { type Files, sampleTree } from "./sample-tree.ts";
import { describeViolation } from "./violation.ts";
import { readWorkspace } from "./workspace.ts";

const app = { "./app": "./src/app.ts" };
const index = { ".": "./src/index.ts" };

interface Manifest {
  readonly exports?: object;
  readonly uses?: readonly string[];
  readonly tests?: readonly string[];
  readonly name?: string;
}

const versions = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "workspace:*"]));

function manifest(folder: string, { exports = index, uses = [], tests = [], name }: Manifest = {}): string {
  return JSON.stringify({
    name: name ?? `@leftrail/${folder}`,
    exports,
    dependencies: versions(uses),
    devDependencies: versions(tests),
  });
}

/** A small workspace in which all is well. */
const good: Files = {
  "packages/contract/package.json": manifest("contract"),
  "packages/contract/README.md": "",
  "packages/contract/src/index.ts": 'export * from "./a.ts";',
  "packages/contract/src/a.ts": 'import { z } from "zod";',
  "packages/store/package.json": manifest("store", {
    uses: ["@leftrail/contract"],
    tests: ["@leftrail/testkit"],
  }),
  "packages/store/README.md": "",
  "packages/store/src/index.ts": 'export type { A } from "@leftrail/contract";',
  "packages/store/src/a.test.ts": 'import { a } from "@leftrail/testkit";',
  "packages/service/package.json": manifest("service"),
  "packages/service/README.md": "",
  "packages/service/src/index.ts": "",
  "packages/testkit/package.json": manifest("testkit", { uses: ["@leftrail/store"] }),
  "packages/testkit/README.md": "",
  "packages/testkit/src/index.ts": 'import "@leftrail/store";',
  "apps/hot-path/package.json": manifest("hot-path", { exports: app, uses: ["@leftrail/store"] }),
  "apps/hot-path/src/app.ts": 'import { a } from "@leftrail/store";',
  "apps/control-plane/package.json": manifest("control-plane", { exports: app, uses: ["@hono/zod-openapi"] }),
  "apps/control-plane/src/app.ts": "",
  "apps/standalone/package.json": manifest("standalone", {
    exports: {},
    uses: ["@leftrail/hot-path", "@leftrail/control-plane", "@leftrail/testkit"],
  }),
  "apps/standalone/src/main.ts":
    'import { a } from "@leftrail/hot-path/app";\nimport b from "@leftrail/testkit";',
};

function violations(changes: Files): readonly string[] {
  using tree = sampleTree({ ...good, ...changes });
  return findBoundaryViolations(readWorkspace(tree.root)).map(describeViolation);
}

test("a workspace in order has no violations", () => {
  expect(violations({})).toEqual([]);
});

describe("each violation is found, and nothing else with it", () => {
  test.each<[title: string, found: RegExp, changes: Files]>([
    [
      "a package that imports one above it",
      /^packages\/contract\/src\/a\.ts: imports @leftrail\/store; contract may use features, cache-keys$/,
      { "packages/contract/src/a.ts": 'import { a } from "@leftrail/store";' },
    ],
    [
      "a package's test that does",
      /^packages\/service\/src\/a\.test\.ts: imports @leftrail\/store; service may use/,
      { "packages/service/src/a.test.ts": 'import { a } from "@leftrail/store";' },
    ],
    [
      "a package that declares one above it",
      /^packages\/service\/package\.json: depends on @leftrail\/store; service may use/,
      { "packages/service/package.json": manifest("service", { uses: ["@leftrail/store"] }) },
    ],
    [
      "a package that imports an app",
      /^packages\/store\/src\/b\.ts: imports @leftrail\/hot-path\/app; packages know no app$/,
      { "packages/store/src/b.ts": 'import { a } from "@leftrail/hot-path/app";' },
    ],
    [
      "an app that imports another",
      /^apps\/hot-path\/src\/a\.ts: imports @leftrail\/control-plane\/app; apps share packages/,
      { "apps/hot-path/src/a.ts": 'export const a = () => import("@leftrail/control-plane/app");' },
    ],
    [
      "an app whose tests do",
      /^apps\/hot-path\/package\.json: depends on @leftrail\/control-plane; apps share packages/,
      {
        "apps/hot-path/package.json": manifest("hot-path", {
          exports: app,
          uses: ["@leftrail/store"],
          tests: ["@leftrail/control-plane"],
        }),
      },
    ],
    [
      "the testkit in what ships",
      /^packages\/store\/src\/b\.ts: imports @leftrail\/testkit; testkit is for tests/,
      { "packages/store/src/b.ts": 'import { a } from "@leftrail/testkit";' },
    ],
    [
      "the testkit as a dependency of an app",
      /^apps\/control-plane\/package\.json: depends on @leftrail\/testkit; testkit is for tests/,
      {
        "apps/control-plane/package.json": manifest("control-plane", {
          exports: app,
          uses: ["@leftrail/testkit"],
        }),
      },
    ],
    [
      "an import that package.json does not declare",
      /^packages\/service\/src\/a\.ts: imports @leftrail\/contract; packages\/service\/package\.json does not/,
      { "packages/service/src/a.ts": 'import { a } from "@leftrail/contract";' },
    ],
    [
      "an import of a package that is not there",
      /^apps\/hot-path\/src\/a\.ts: imports @leftrail\/nowhere; there is no such package$/,
      { "apps/hot-path/src/a.ts": 'import { a } from "@leftrail/nowhere";' },
    ],
    [
      "an import past a package's exports",
      /^apps\/hot-path\/src\/a\.ts: imports @leftrail\/store\/src\/b\.ts; packages\/store does not export/,
      { "apps/hot-path/src/a.ts": 'import { a } from "@leftrail/store/src/b.ts";' },
    ],
    [
      "a relative import that leaves its package",
      /^apps\/hot-path\/src\/a\.ts: imports \.\.\/\.\.\/\.\.\/packages\/store\/src\/index\.ts, outside of apps\/hot-path;/,
      { "apps/hot-path/src/a.ts": 'import { a } from "../../../packages/store/src/index.ts";' },
    ],
    [
      "a package without a README",
      /^packages\/store: has no README\.md;/,
      { "packages/store/README.md": null },
    ],
    [
      "an export that leads nowhere",
      /^apps\/hot-path\/package\.json: exports "\.\/b" as \.\/src\/b\.ts, which does not exist;/,
      {
        "apps/hot-path/package.json": manifest("hot-path", {
          exports: { ...app, "./b": { default: "./src/b.ts" } },
          uses: ["@leftrail/store"],
        }),
      },
    ],
    [
      "a package that stands in no layer",
      /^packages\/extra\/package\.json: stands in no layer;/,
      {
        "packages/extra/package.json": manifest("extra"),
        "packages/extra/README.md": "",
        "packages/extra/src/index.ts": "",
      },
    ],
    [
      "a name that is not its folder's",
      /^packages\/service\/package\.json: is named "service", not @leftrail\/service;/,
      { "packages/service/package.json": manifest("service", { name: "service" }) },
    ],
    [
      "a source that is not TypeScript",
      /^apps\/hot-path\/src\/a\.mjs: is not TypeScript;/,
      { "apps/hot-path/src/a.mjs": "" },
    ],
    [
      "a heavy module in the hot path",
      /^apps\/hot-path\/package\.json: reaches @leftrail\/hot-path → @node-rs\/argon2; the hot path/,
      {
        "apps/hot-path/package.json": manifest("hot-path", {
          exports: app,
          uses: ["@leftrail/store", "@node-rs/argon2"],
        }),
      },
    ],
    [
      "a heavy module in the hot path by way of packages",
      /reaches @leftrail\/hot-path → @leftrail\/store → @leftrail\/contract → @hono\/zod-openapi;/,
      { "packages/contract/package.json": manifest("contract", { uses: ["@hono/zod-openapi"] }) },
    ],
  ])("%s", (_, found, changes) => {
    expect(violations(changes)).toEqual([expect.stringMatching(found)]);
  });
});

test("a cycle is told for each package in it", () => {
  const found = violations({
    "packages/contract/package.json": manifest("contract", { uses: ["@leftrail/features"] }),
    "packages/features/package.json": manifest("features", { uses: ["@leftrail/contract"] }),
    "packages/features/README.md": "",
    "packages/features/src/index.ts": "",
  });
  expect(found).toHaveLength(2);
  expect(found[0]).toMatch(
    /depends on itself: @leftrail\/contract → @leftrail\/features → @leftrail\/contract;/,
  );
});

test("what others installed or generated is not looked at", () => {
  expect(violations({ "packages/store/node_modules/x/a.js": "", "packages/store/dist/a.js": "" })).toEqual(
    [],
  );
});

test("every form of import is seen, over several lines too, and code in strings or comments is not", () => {
  const source = [
    'import "a";',
    'import type { A } from "b";',
    'import c, { d } from "c";',
    'import {\n  e,\n  f,\n} from "d";',
    'export * from "e";',
    'export type { G } from "f" with { type: "json" };',
    'const h = await import("g");',
    'type I = import("h").I;',
    "const j = 'import x from \"no\"';",
    'export const k = "no";',
    'export interface L {\n  /** Taken from "no" */\n  readonly m: string;\n}',
    '// import "no";',
  ].join("\n");
  expect(importSpecifiers(source)).toEqual(["a", "b", "c", "d", "e", "f", "g", "h"]);
});
