import { spawn, type SpawnOptions } from "node:child_process";
import type { Readable } from "node:stream";
import { atExit } from "./at-exit.ts";

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** Standard output and error as they came, the last 16 Ki characters of them. */
  readonly output: string;
}

const outputLengthMax = 16 * 1024;
/** Nothing more comes of a command that has ended when its pipes were silent for so long. */
const quietMs = 100;

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
  const hasEnded = atExit(() => void child.kill("SIGINT"));
  let output = "";
  const keep = (text: string) => {
    output = (output + text).slice(-outputLengthMax);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  try {
    const closed = new Promise((resolve) => child.once("close", resolve));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    // What it wrote last may still be on its way; a daemon that it leaves behind may keep the pipes open for ever.
    await Promise.race([closed, untilQuiet([child.stdout, child.stderr])]);
    return { exitCode, output: output.trim() };
  } finally {
    hasEnded();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function untilQuiet(streams: readonly Readable[]): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, quietMs);
    for (const stream of streams) stream.on("data", () => timer.refresh());
  });
}
