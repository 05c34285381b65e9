import { existsSync, globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { Document } from "./documents.ts";
import { type Markdown, readMarkdown } from "./markdown.ts";
import type { Violation } from "./violation.ts";

export function brokenLinks(
  root: string,
  { path, links, ...document }: Document,
  documents: readonly Document[],
): readonly Violation[] {
  const why = "links are followed by readers";
  return links.flatMap((link) => {
    if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/iu.test(link)) return [];
    const [file = "", anchor = ""] = link.replaceAll("%20", " ").split("#", 2);
    const target = posix.join(posix.dirname(path), file);
    if (file !== "" && !existsSync(join(root, target))) {
      return [{ path, what: `links to ${link}, which does not exist`, why }];
    }
    const other = file === "" ? document : documentAt(root, target, documents);
    return anchor === "" || other === null || other.anchors.has(anchor)
      ? []
      : [{ path, what: `links to ${link}, which is no heading there`, why }];
  });
}

/** Paths of the repository in code: from the root, or in a README of a package or app also from its own folder. */
export function missingPaths(root: string, { path, code }: Document): readonly Violation[] {
  const own = posix.dirname(path);
  const words = new Set(code.flatMap((piece) => piece.split(/[\s"'`()[\],;]+/u)).map(trimmed));
  return [...words].flatMap((word) => {
    const bases = fromRoot.test(word) ? [""] : fromOwnFolder.test(word) ? [own] : null;
    const candidates = rootFile.test(word) ? ["", own] : bases;
    return candidates === null || candidates.some((base) => resolves(root, posix.join(base, word)))
      ? []
      : [{ path, what: `names ${word}, which does not exist`, why: "a reader would look for it in vain" }];
  });
}

const fromRoot = /^(?:apps|packages|infra|openapi|docs|\.ci)\/./u;
const fromOwnFolder = /^(?:src|test|cases|bench|migrations)\/./u;
const rootFile =
  /^(?:[A-Z]+\.md|LICENSE|\.env\.example|\.[a-z]+rc\.jsonc?|(?:package|turbo|knip|tsconfig(?:\.[a-z]+)?)\.jsonc?|[a-z]+\.config\.ts|pnpm-workspace\.yaml)$/u;

/** Without the full stop of its sentence, and without a line number. */
function trimmed(word: string): string {
  return word.replace(/[.:]+$/u, "").replace(/:\d+(?:-\d+)?$/u, "");
}

/** `*` and `**` are globs; `<name>` and `…` stand for anything. */
function resolves(root: string, path: string): boolean {
  const glob = path.replaceAll(/<[^>]*>|…/gu, "*");
  return existsSync(join(root, path)) || (/[*{]/u.test(glob) && globSync(glob, { cwd: root }).length > 0);
}

export function unknownScripts(root: string, { path, code }: Document): readonly Violation[] {
  const known = new Set([
    ...pnpmCommands,
    ...manifestKeys(root, "scripts"),
    ...manifestKeys(root, "devDependencies"),
  ]);
  const named = code.flatMap((piece) => [...piece.matchAll(pnpmCommand)].map(([, name]) => name ?? ""));
  return [...new Set(named)]
    .filter((name) => !known.has(name))
    .map((name) => ({
      path,
      what: `names pnpm ${name}, which is no script of the root's package.json`,
      why: "a reader would run it in vain",
    }));
}

const pnpmCommand = /\bpnpm (?:run )?([a-z][\w:-]*)/gu;
const pnpmCommands = [
  "add",
  "audit",
  "deploy",
  "dlx",
  "exec",
  "fetch",
  "i",
  "install",
  "outdated",
  "update",
  "why",
];

function manifestKeys(root: string, field: "scripts" | "devDependencies"): readonly string[] {
  const file = join(root, "package.json");
  const manifest: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const value: unknown =
    typeof manifest === "object" && manifest !== null ? Reflect.get(manifest, field) : undefined;
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

/** The headings of any markdown file; null for what is none. */
function documentAt(
  root: string,
  path: string,
  documents: readonly Document[],
): Pick<Markdown, "anchors"> | null {
  const known = documents.find((document) => document.path === path);
  if (known !== undefined) return known;
  return path.endsWith(".md") ? readMarkdown(readFileSync(join(root, path), "utf8")) : null;
}
