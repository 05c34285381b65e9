import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** The text kept in a file that only its owner reads; made by `make` when the file is missing. */
export async function keptSecret(path: string, make: () => Promise<string> | string): Promise<string> {
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept !== undefined && kept !== "") return kept;
  const made = await make();
  await mkdir(dirname(path), { recursive: true });
  // Moved into place, so that a run killed half-way leaves no half secret.
  const fresh = `${path}.${randomBytes(4).toString("hex")}`;
  await writeFile(fresh, made, { mode: 0o600 });
  await rename(fresh, path);
  return made;
}
