import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runCommand } from "./run-command.ts";

/** A Postgres server that runs on a data folder. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
}

const pollIntervalMs = 20;

/**
 * The server that runs on this folder, once it takes connections; undefined when there is
 * none, or when it ends while we wait. Throws an Error when it gets stuck half-way.
 */
export async function findReadyPostmaster(
  dataDir: string,
  timeoutMs: number,
): Promise<Postmaster | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await findPostmaster(dataDir);
    if (found === undefined || found.isReady) return found;
    if (performance.now() > deadline) {
      throw new Error(`process ${found.pid}, the server on ${dataDir}, neither starts nor stops`);
    }
    await delay(pollIntervalMs);
  }
}

/** The server that runs on this folder (an absolute path), whatever its state. */
export async function findPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  const text = await readFile(lockFileOf(dataDir), "utf8").catch(() => "");
  // The lines are told in Postgres' miscadmin.h: pid, folder, start, port, …, and the state as the eighth.
  const [pid, , , port, , , , state = ""] = text.split("\n");
  if (!(Number(pid) > 0) || !(await isServerOf(Number(pid), dataDir))) return undefined;
  return { pid: Number(pid), port: Number(port), isReady: state.trim() === "ready" };
}

/** Removes a lock whose process is gone, or something else by now: Postgres refuses to start on the latter. */
export async function clearStaleLock(dataDir: string): Promise<void> {
  if ((await findPostmaster(dataDir)) === undefined) await rm(lockFileOf(dataDir), { force: true });
}

const lockFileOf = (dataDir: string): string => join(dataDir, "postmaster.pid");

// A process id alone proves nothing: after a restart of the machine it is somebody else's, even another Postgres'.
async function isServerOf(pid: number, dataDir: string): Promise<boolean> {
  if (process.platform === "linux") {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return commandLine.split("\0").includes(dataDir);
  }
  const { output } = await runCommand("ps", ["-ww", "-o", "command=", "-p", String(pid)]);
  return output.includes(`-D ${dataDir} `);
}
