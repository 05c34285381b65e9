import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { importSpecifiers } from "./import-specifiers.ts";

/** The workspace as it stands in the files, for the checks to look at. */
export interface Workspace {
  readonly root: string;
  readonly members: readonly Member[];
}

/** An app or a package. */
export interface Member {
  readonly kind: "app" | "package";
  /** From the root: `packages/store`. */
  readonly path: string;
  readonly folder: string;
  readonly name: unknown;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** Subpath (`.`, `./app`) to the files it may lead to. */
  readonly exports: ReadonlyMap<string, readonly string[]>;
  readonly sources: readonly Source[];
}

export interface Source {
  /** From the root: `packages/store/src/store.ts`. */
  readonly path: string;
  /** Tests and benchmarks may use development dependencies. */
  readonly isTest: boolean;
  readonly specifiers: readonly string[];
}

export function readWorkspace(root: string): Workspace {
  const manifests = globSync("{apps,packages}/*/package.json", { cwd: root }).toSorted();
  return { root, members: manifests.map((path) => readMember(root, path)) };
}

function readMember(root: string, manifestPath: string): Member {
  const path = manifestPath.replaceAll("\\", "/").replace(/\/package\.json$/, "");
  const manifest: unknown = JSON.parse(readFileSync(join(root, manifestPath), "utf8"));
  const fields = isRecord(manifest) ? manifest : {};
  return {
    kind: path.startsWith("apps/") ? "app" : "package",
    path,
    folder: basename(path),
    name: fields["name"],
    dependencies: keys(fields["dependencies"]),
    devDependencies: keys(fields["devDependencies"]),
    exports: readExports(fields["exports"]),
    sources: readSources(root, path),
  };
}

const generated = ["node_modules", "dist", "coverage", ".turbo"];

function readSources(root: string, member: string): readonly Source[] {
  return globSync(`${member}/**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}`, {
    cwd: root,
    exclude: (path) => generated.includes(basename(path)),
  })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted()
    .map((path) => ({
      path,
      isTest: /\.test\.tsx?$/.test(path) || /\/(?:test|testing|bench)\//.test(path),
      specifiers: importSpecifiers(readFileSync(join(root, path), "utf8")),
    }));
}

function readExports(field: unknown): ReadonlyMap<string, readonly string[]> {
  if (typeof field === "string") return new Map([[".", [field]]]);
  if (!isRecord(field)) return new Map();
  return new Map(Object.entries(field).map(([subpath, target]) => [subpath, strings(target)]));
}

/** The files in an exports entry, whatever conditions stand around them. */
function strings(target: unknown): readonly string[] {
  if (typeof target === "string") return [target];
  return isRecord(target) ? Object.values(target).flatMap(strings) : [];
}

function keys(value: unknown): readonly string[] {
  return isRecord(value) ? Object.keys(value) : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

export function exists(root: string, path: string): boolean {
  return existsSync(join(root, path));
}
