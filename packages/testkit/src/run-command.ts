import { spawn, type SpawnOptions } from "node:child_process";

export interface CommandResult {
  readonly exitCode: number | null;
  /** Standard output and error as they came, at most the last 16 KiB. */
  readonly output: string;
}

const outputBytesMax = 16 * 1024;

/** Runs a command to its end. Rejects only when it can't be started at all. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: Pick<SpawnOptions, "uid" | "gid" | "cwd" | "env"> = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-outputBytesMax);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    // Not "close": a daemon that the command leaves behind may keep the pipes open.
    child.once("exit", (code) => setImmediate(resolve, code));
  });
  child.stdout.destroy();
  child.stderr.destroy();
  return { exitCode, output: output.trim() };
}
