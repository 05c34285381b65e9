import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { StartError } from "@leftrail/service";

/**
 * The text kept in a file that only its owner reads; made by `make` when the file is
 * missing. Throws StartError when it is there but can't be read: data depends on it.
 */
export async function keptSecret(path: string, make: () => Promise<string> | string): Promise<string> {
  const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new StartError(`${path} can't be read (${error.code}): was it made by another user?`);
  });
  if (kept !== "") return kept;
  const made = await make();
  await mkdir(dirname(path), { recursive: true });
  // Moved into place, so that a run killed half-way leaves no half secret.
  const fresh = `${path}.${randomBytes(4).toString("hex")}`;
  await writeFile(fresh, made, { mode: 0o600 });
  await rename(fresh, path);
  return made;
}
