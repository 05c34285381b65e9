import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "./database.ts";

test("a platform that npm has no Postgres for is told, and nothing is written for it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "leftrail-dev-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  await using resources = new AsyncDisposableStack();
  const { signal } = new AbortController();
  const findBinaries = () => Promise.resolve(undefined);
  const dataDir = join(dir, ".leftrail");
  expect(await openDatabase({ dataDir, signal, findBinaries }, resources)).toEqual({
    unavailable: `npm has no Postgres for ${process.platform}-${process.arch}`,
  });
  expect(await readdir(dir)).toEqual([]);
});
