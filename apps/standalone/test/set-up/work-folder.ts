import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder to start Leftrail in. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
  /** What is kept there. */
  readonly dataDir: string;
  /** The process id in the database server's own lock, or undefined when there is none. */
  postmasterPid(): Promise<number | undefined>;
  /** The text of a file below `dataDir`. */
  read(name: string): Promise<string>;
}

export async function makeWorkFolder(): Promise<WorkFolder> {
  // The blank is on purpose: people have such folders.
  const path = await mkdtemp(join(tmpdir(), "leftrail dev-"));
  // As root, the database server runs as another account and must get through.
  await chmod(path, 0o755);
  const dataDir = join(path, ".leftrail");
  const read = (name: string) => readFile(join(dataDir, name), "utf8");
  const postmasterPid = () =>
    read("postgres/postmaster.pid").then(
      (text) => Number.parseInt(text, 10),
      () => undefined,
    );
  return {
    path,
    dataDir,
    read,
    postmasterPid,
    async [Symbol.asyncDispose]() {
      // Only a failed test leaves one; without its folder nobody would find it again.
      const pid = await postmasterPid();
      if (pid !== undefined && (await isServerOf(pid, dataDir))) process.kill(pid, "SIGQUIT");
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // An orphan that has ended stays in the list until process 1 looks after it.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
}

const isServerOf = (pid: number, dataDir: string): Promise<boolean> =>
  readFile(`/proc/${pid}/cmdline`, "utf8").then(
    (text) => text.includes(dataDir),
    () => false,
  );
