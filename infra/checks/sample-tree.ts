import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Files by path from the root; null is a file left out. */
export type Files = Readonly<Record<string, string | null>>;

/** A temporary folder with these files, for the tests of the checks; gone when disposed of. */
export function sampleTree(files: Files): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), "leftrail-check-"));
  for (const [path, content] of Object.entries(files)) {
    if (content === null) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}
