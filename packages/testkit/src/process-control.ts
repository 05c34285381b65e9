import { readFile } from "node:fs/promises";
import { runCommand } from "./run-command.ts";
import { waitUntil } from "./wait-until.ts";

/** Stops processes where they stand (SIGSTOP); resolves once they do. Those that ended meanwhile count as well. */
export async function freezeProcesses(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signalProcess(pid, "SIGSTOP");
  for (const pid of pids) {
    await waitUntil(() => isStandingStill(pid), { what: `process ${pid} to freeze`, intervalMs: 1 });
  }
}

/** Lets them go on. */
export function thawProcesses(pids: readonly number[]): void {
  for (const pid of pids) signalProcess(pid, "SIGCONT");
}

/** The processes that a process has started itself. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const listed =
    process.platform === "linux"
      ? await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")
      : (await runCommand("pgrep", ["-P", String(pid)])).output;
  return listed.split(/\s+/).filter(Boolean).map(Number);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const hasEnded = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!hasEnded) throw error;
  }
}

// T is stopped and Z has ended; no state at all is no process.
async function isStandingStill(pid: number): Promise<boolean> {
  const state = await stateOf(pid);
  return state === "" || /^[TtZX]/.test(state);
}

async function stateOf(pid: number): Promise<string> {
  if (process.platform !== "linux")
    return (await runCommand("ps", ["-o", "state=", "-p", String(pid)])).output;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // A program's name may contain anything, brackets too.
  return stat.slice(stat.lastIndexOf(")") + 1).trimStart();
}
