import { readFile, writeFile } from "node:fs/promises";
import { controlPlaneDocument } from "@leftrail/control-plane/openapi";
import { stringify } from "yaml";
import { hotPathDocument } from "./openapi/hot-path-document.ts";

/** `pnpm openapi` writes the documents; with `--check` it fails when the committed ones differ. */
const documents = {
  "openapi/control-plane.yaml": controlPlaneDocument(),
  "openapi/hot-path.yaml": hotPathDocument(),
};
const isCheck = process.argv.includes("--check");
const header = "# Generated from the routes' own schemas by `pnpm openapi`; don't edit.\n";

for (const [path, document] of Object.entries(documents)) {
  const text = header + stringify(document, { aliasDuplicateObjects: false, lineWidth: 110 });
  if (!isCheck) await writeFile(path, text);
  else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`${path}: differs from the code; run pnpm openapi and commit it`);
    process.exitCode = 1;
  }
}
if (isCheck && process.exitCode !== 1) console.log(`openapi: ${Object.keys(documents).length} documents, ok`);
