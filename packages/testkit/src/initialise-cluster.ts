import { randomBytes } from "node:crypto";
import { chown, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { PostgresBinaries, ServerAccount } from "./postgres-binaries.ts";
import { runCommand } from "./run-command.ts";

/** Where a cluster lives and who runs it. */
export interface Cluster {
  /** Absolute. */
  readonly dataDir: string;
  /** Of the superuser `postgres`. */
  readonly password: string;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount;
}

/**
 * Makes a cluster beside its folder and moves it into place, so that a run killed
 * half-way leaves no half cluster. Throws an Error in initdb's words.
 */
export async function initialiseCluster(cluster: Cluster): Promise<void> {
  const { dataDir, password, binaries, account } = cluster;
  await removeLeftovers(dataDir);
  const fresh = `${dataDir}${freshInfix}${randomBytes(4).toString("hex")}`;
  const passwordFile = `${fresh}.password`;
  try {
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (account.uid !== undefined && account.gid !== undefined) {
      await chown(fresh, account.uid, account.gid);
      await chown(passwordFile, account.uid, account.gid);
    }
    const { exitCode, output } = await runCommand(
      binaries.initdb,
      ["-D", fresh, "-U", "postgres", "--pwfile", passwordFile, ...flags],
      account,
    );
    if (exitCode !== 0) throw new Error(`initdb failed: ${output.split("\n").at(-1)}`);
    await rename(fresh, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

const flags = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"];
const freshInfix = ".new-";

// Of runs that were killed. One whose initdb is still at work may resist; a later run gets it.
async function removeLeftovers(dataDir: string): Promise<void> {
  const names = await readdir(dirname(dataDir)).catch(() => []);
  const leftovers = names.filter((name) => name.startsWith(basename(dataDir) + freshInfix));
  await Promise.allSettled(
    leftovers.map((name) => rm(join(dirname(dataDir), name), { recursive: true, force: true })),
  );
}
