import { spawn, type SpawnOptions } from "node:child_process";

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** Standard output and error as they came, the last 16 Ki characters of them. */
  readonly output: string;
}

const outputLengthMax = 16 * 1024;

/**
 * Runs a command to its end, out of reach of the terminal's Ctrl-C; it ends with this
 * process at the latest. Rejects only when it can't be started at all.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: Pick<SpawnOptions, "uid" | "gid" | "cwd" | "env"> = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  // Not SIGKILL: initdb and pg_ctl clear up after themselves.
  const interrupt = () => void child.kill("SIGINT");
  process.once("exit", interrupt);
  let output = "";
  const keep = (text: string) => {
    output = (output + text).slice(-outputLengthMax);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      // Not "close": a daemon that the command leaves behind may keep the pipes open.
      child.once("exit", (code) => setImmediate(resolve, code));
    });
    return { exitCode, output: output.trim() };
  } finally {
    process.off("exit", interrupt);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
