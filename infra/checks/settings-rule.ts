import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Violation } from "./violation.ts";

const example = ".env.example";

/** Every setting of `.env.example` is read, and every setting that a config.ts or a *-settings.ts names stands in `.env.example`. */
export function undocumentedSettings(root: string): readonly Violation[] {
  if (!existsSync(join(root, example))) return [];
  const configs = [
    ...readAll(root, "apps/*/src/config.ts"),
    ...readAll(root, "{apps,packages}/*/src/**/*-settings.ts"),
  ];
  const readers = [
    ...configs,
    ...readAll(root, "apps/*/src/*-cli.ts"),
    ...readAll(root, "packages/*/src/**/*-cli.ts"),
  ];
  const documented = new Set([...read(root, example).matchAll(exampleLine)].map(([, name]) => name ?? ""));

  const unread = [...documented]
    .filter((name) => !readers.some(({ text }) => new RegExp(`\\b${name}\\b`, "u").test(text)))
    .map((name) => ({
      path: example,
      what: `names ${name}, which nothing reads`,
      why: "it would change nothing",
    }));

  const missing = configs.flatMap(({ path, text }) =>
    [...settingNames(text)]
      .filter((name) => !documented.has(name))
      .map((name) => ({
        path,
        what: `reads ${name}, which ${example} does not name`,
        why: "nobody would know of it",
      })),
  );
  return [...unread, ...missing];
}

// A setting that is commented out is documented all the same.
const exampleLine = /^#?\s*([A-Z][A-Z0-9_]*)=/gmu;

/** `env.NAME`, a key `NAME:` and a string `"NAME"`; one word alone counts as a string only when it is a known setting. */
function settingNames(config: string): ReadonlySet<string> {
  const found = config.matchAll(
    /\benv\.([A-Z][A-Z0-9_]*)\b|^\s*([A-Z][A-Z0-9_]*)\??:|"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|HOST|PORT)"/gmu,
  );
  return new Set([...found].map(([, property, key, text]) => property ?? key ?? text ?? ""));
}

function readAll(root: string, glob: string): readonly { readonly path: string; readonly text: string }[] {
  return globSync(glob, { cwd: root, exclude: ["**/*.test.ts"] })
    .toSorted()
    .map((path) => ({ path: path.replaceAll("\\", "/"), text: read(root, path) }));
}

function read(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8");
}
