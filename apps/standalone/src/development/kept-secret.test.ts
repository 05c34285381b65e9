import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartError } from "@leftrail/service";
import { expect, onTestFinished, test } from "vitest";
import { keptSecret } from "./kept-secret.ts";

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "leftrail-secret-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

test("a secret is made once, for its owner only", async () => {
  const dir = await makeDir();
  const path = join(dir, "below", "secret");
  expect(await keptSecret(path, () => "first")).toBe("first");
  expect(await keptSecret(path, () => "second")).toBe("first");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(dir, "below"))).toEqual(["secret"]);
});

test("a secret that is there but can't be read is refused by its path, never replaced", async () => {
  const path = join(await makeDir(), "secret");
  // Unreadable for root as well.
  await mkdir(path);
  await expect(keptSecret(path, () => "other")).rejects.toThrow(StartError);
  await expect(keptSecret(path, () => "other")).rejects.toThrow(path);
});
