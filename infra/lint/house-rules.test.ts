import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const repository = join(import.meta.dirname, "../..");

interface Sample {
  readonly title: string;
  readonly path: string;
  readonly code: string;
  /** The rule that must fire, or null when nothing may. */
  readonly rule: string | null;
}

const fires = (rule: string, title: string, path: string, code: string): Sample => ({
  title,
  path,
  code,
  rule,
});
const passes = (title: string, path: string, code: string): Sample => ({ title, path, code, rule: null });

const imports = "leftrail(imports)";
const sql = "leftrail(sql-in-store)";
const globals = "eslint(no-restricted-globals)";

const samples: readonly Sample[] = [
  fires(imports, "a pure package with node:*", "packages/features/src/a.ts", 'import "node:fs/promises";'),
  fires(imports, "a type counts", "packages/contract/src/a.ts", 'export type A = import("node:fs").Stats;'),
  passes("a pure package's test may", "packages/features/src/a.test.ts", 'export * from "node:fs";'),
  fires(imports, "hono/jwt anywhere", "apps/control-plane/src/app.ts", 'export { sign } from "hono/jwt";'),
  fires(imports, "hono/jwk in a package", "packages/auth/src/a.ts", 'export * from "hono/jwk";'),
  fires(
    imports,
    "node:process in a package",
    "packages/auth/src/b.ts",
    'export { env } from "node:process";',
  ),
  fires(imports, "postgres in a verb", "apps/hot-path/src/a.ts", 'export * from "postgres";'),
  fires(imports, "a lazy import", "apps/hot-path/src/b.ts", 'export const a = () => import("ioredis");'),
  passes("deps.ts makes clients", "apps/hot-path/src/deps.ts", 'export * from "postgres";'),
  passes("packages make clients", "packages/store/src/a.ts", 'export * from "postgres";'),
  fires(imports, "argon2 in the hot path", "apps/hot-path/src/deps2.ts", 'export * from "@node-rs/argon2";'),
  fires(imports, "OpenAPI in the hot path", "apps/hot-path/src/c.ts", 'export * from "@hono/zod-openapi";'),
  fires(imports, "the other app", "apps/hot-path/src/d.ts", 'export * from "@leftrail/control-plane/app";'),
  fires(imports, "hono in a verb", "apps/control-plane/src/tenants/create.ts", 'export * from "hono";'),
  passes("hono in routes.ts", "apps/control-plane/src/tenants/routes.ts", 'export * from "hono";'),
  passes("a name that only begins like it", "apps/hot-path/src/e.ts", 'export * from "postgres-array";'),

  fires(
    sql,
    "a tagged template",
    "apps/hot-path/src/f.ts",
    "export const a = (sql: typeof String.raw) => sql`x`;",
  ),
  fires(sql, "a string", "packages/changes/src/a.ts", 'export const a = "DELETE FROM change_outbox";'),
  fires(
    sql,
    "a template",
    "packages/store/src/b.ts",
    "export const a = (t: string) => `select id from ${t} x`;",
  ),
  passes("the store's engine", "packages/store/src/postgres/a.ts", 'export const a = "select 1 from t";'),
  passes("a sentence", "apps/hot-path/src/h.ts", 'export const a = "Select a tenant from the list";'),
  passes("prose", "apps/hot-path/src/g.ts", 'export const a = "select a tenant, or update it";'),

  fires(
    "leftrail(no-clock)",
    "new Date()",
    "packages/features/src/b.ts",
    "export const a = () => new Date();",
  ),
  passes("a moment given", "packages/features/src/c.ts", "export const a = (at: number) => new Date(at);"),
  fires(
    "eslint(no-restricted-properties)",
    "Date.now",
    "packages/contract/src/b.ts",
    "export const a = Date.now();",
  ),
  fires(
    "eslint(no-restricted-properties)",
    "chance",
    "packages/contract/src/c.ts",
    "export const a = Math.random();",
  ),
  fires(globals, "a timer", "packages/contract/src/d.ts", "export const a = () => setTimeout(String, 1);"),
  fires(globals, "the process", "packages/cache-keys/src/a.ts", "export const a = process.argv;"),
  fires(globals, "a fetch", "packages/features/src/d.ts", 'export const a = () => fetch("/");'),
  passes("other packages have a clock", "packages/auth/src/c.ts", "export const a = () => new Date();"),

  fires(
    "node(no-process-env)",
    "a setting",
    "apps/hot-path/src/config.ts",
    "export const a = process.env.PORT;",
  ),
  passes("main.ts hands them in", "apps/hot-path/src/main.ts", "export const a = process.env;"),
  passes(
    "so do tools",
    "packages/store/src/postgres/migrate-cli.ts",
    "console.log(process.env.DATABASE_URL);",
  ),
  fires("eslint(no-console)", "printing", "packages/auth/src/d.ts", 'console.log("x");'),
  fires("import(no-default-export)", "a default", "packages/auth/src/e.ts", "export default 1;"),
  fires("unicorn(filename-case)", "a name in camel case", "packages/auth/src/aB.ts", "export const a = 1;"),
  fires("eslint(max-lines)", "301 lines", "packages/auth/src/f.ts", "export {};\n".repeat(301)),
  fires("vitest(no-focused-tests)", "a focus", "packages/auth/src/a.test.ts", 'test.only("x", () => {});'),
  fires("vitest(no-disabled-tests)", "a skip", "packages/auth/src/b.test.ts", 'test.skip("x", () => {});'),
];

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

/** The rules that fired, by file. One run of the linter serves all samples. */
const fired = new Map<string, string[]>();
let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "leftrail-lint-"));
  for (const path of [".oxlintrc.json", "infra/lint"]) {
    cpSync(join(repository, path), join(tree, path), { recursive: true });
  }
  for (const { path, code } of samples) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), code);
  }
  for (const { code, filename } of lint().diagnostics) {
    fired.set(filename, [...(fired.get(filename) ?? []), code]);
  }
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** Without types, which samples need not have; its exit status says only that something fired. */
function lint(): Report {
  const cli = join(repository, "node_modules/oxlint/bin/oxlint");
  return JSON.parse(
    spawnSync(process.execPath, [cli, "--format=json"], { cwd: tree, encoding: "utf8" }).stdout,
  );
}

describe("the house rules", () => {
  test.each(samples.filter(({ rule }) => rule !== null))(
    "$rule: $title is refused in $path",
    ({ path, rule }) => {
      expect(fired.get(path)).toContain(rule);
    },
  );

  test.each(samples.filter(({ rule }) => rule === null))("$title ($path)", ({ path }) => {
    expect(fired.get(path) ?? []).toEqual([]);
  });

  test("no two samples share a file", () => {
    expect(new Set(samples.map(({ path }) => path)).size).toBe(samples.length);
  });
});
