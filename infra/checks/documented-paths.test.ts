import { describe, expect, test } from "vitest";
import { findDocumentViolations } from "./documented-paths.ts";
import { readMarkdown } from "./markdown.ts";
import { type Files, sampleTree } from "./sample-tree.ts";
import { describeViolation } from "./violation.ts";

const good: Files = {
  "package.json": JSON.stringify({
    scripts: { dev: "", "check:docs": "" },
    devDependencies: { vitest: "1" },
  }),
  ".env.example": "# Where Postgres is\nDATABASE_URL=\n# PORT=8080\nLOG_LEVEL=info\n",
  "apps/hot-path/src/config.ts": 'const a = env.DATABASE_URL;\nconst b = number(env, "PORT", 8081);\n',
  "packages/service/src/common-settings.ts": 'export const level = "LOG_LEVEL";',
  "packages/store/README.md":
    "`src/a.ts` and `packages/store/src`, `cases/*.json`, [up](../../README.md#two)",
  "packages/store/src/a.ts": "",
  "packages/store/cases/a.json": "",
  "docs/ARCHITECTURE.md": "# One\n\n`README.md`, `ARCHITECTURE.md`\n",
  "README.md": [
    "# Left *rail*: `x`",
    "## Two",
    "## Two",
    "[a](docs/ARCHITECTURE.md#one) [b](#two-1) [c](#left-rail-x) [d](https://example.org/none) [e](docs/)",
    "![f](docs/ARCHITECTURE.md) [g]: not a link, and `[h](none.md)` is code",
    "`packages/*/src`, `apps/<app>/src/config.ts:2`, `node packages/store/src/a.ts --help`",
    "`pnpm dev`, `npx pnpm check:docs`, `pnpm install`, `pnpm vitest run`, pnpm nothing (prose)",
    "```sh",
    "pnpm run dev",
    "[i](none.md)",
    "```",
  ].join("\n"),
};

function violations(changes: Files): readonly string[] {
  using tree = sampleTree({ ...good, ...changes });
  return findDocumentViolations(tree.root).map(describeViolation);
}

test("documents in order have no violations", () => {
  expect(violations({})).toEqual([]);
});

describe("each violation is found, and nothing else with it", () => {
  test.each<[title: string, found: string, changes: Files]>([
    ["a link to no file", "docs/a.md: links to none.md, which", { "docs/a.md": "[a](none.md)" }],
    ["an image that is not there", "docs/a.md: links to a.svg, which", { "docs/a.md": '<img src="a.svg">' }],
    [
      "a definition that leads nowhere",
      "docs/a.md: links to b.md, which",
      { "docs/a.md": "[a]\n\n[a]: b.md" },
    ],
    [
      "an anchor in its own page",
      "docs/a.md: links to #b, which is no heading",
      { "docs/a.md": "# A\n[a](#b)" },
    ],
    [
      "an anchor in another page",
      "docs/a.md: links to ARCHITECTURE.md#two, which is no heading",
      { "docs/a.md": "[a](ARCHITECTURE.md#two)" },
    ],
    [
      "a path that is not there",
      "docs/a.md: names packages/none, which",
      { "docs/a.md": "in `packages/none`." },
    ],
    ["a path in a command", "docs/a.md: names infra/a.ts, which", { "docs/a.md": "`node infra/a.ts -x`" }],
    [
      "a path in a block",
      "docs/a.md: names apps/none, which",
      { "docs/a.md": "```\napps/none   an app\n```" },
    ],
    [
      "a glob without a match",
      "docs/a.md: names packages/*/none.ts",
      { "docs/a.md": "`packages/*/none.ts`" },
    ],
    ["a root file that is not there", "docs/a.md: names SECURITY.md", { "docs/a.md": "`SECURITY.md`" }],
    [
      "a path of a package's own",
      "packages/store/README.md: names src/b.ts",
      { "packages/store/README.md": "`src/b.ts`" },
    ],
    ["an unknown script", "docs/a.md: names pnpm lint, which", { "docs/a.md": "`npx --yes pnpm lint`" }],
    [
      "an unknown script in a block",
      "apps/hot-path/README.md: names pnpm start:it",
      { "apps/hot-path/README.md": "```sh\npnpm start:it # starts it\n```" },
    ],
    [
      "a setting that nothing reads",
      ".env.example: names LOG_LEVEL, which nothing reads",
      { "packages/service/src/common-settings.ts": "export const level = 1;" },
    ],
    [
      "a property that is no documented setting",
      "apps/a/src/config.ts: reads REDIS_URL, which",
      { "apps/a/src/config.ts": "const a = env.REDIS_URL;" },
    ],
    [
      "a key that is no documented setting",
      "apps/a/src/config.ts: reads HOST, which",
      { "apps/a/src/config.ts": "const shape = {\n  HOST: z.string(),\n};" },
    ],
    [
      "a name that is no documented setting",
      "apps/a/src/config.ts: reads KEY_PEPPER, which",
      { "apps/a/src/config.ts": 'const a = text("KEY_PEPPER"); const b = "ES256";' },
    ],
  ])("%s", (_, found, changes) => {
    expect(violations(changes)).toEqual([expect.stringContaining(found)]);
  });
});

test("without .env.example no setting is looked for", () => {
  expect(violations({ ".env.example": null })).toEqual([]);
});

test("a fence inside a longer fence is text", () => {
  const { code, links } = readMarkdown("````\n```\n[a](b.md)\n```\n````\n[c](d.md)");
  expect(links).toEqual(["d.md"]);
  expect(code).toEqual(["```", "[a](b.md)", "```"]);
});
