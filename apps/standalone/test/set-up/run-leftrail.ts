import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const srcDir = join(import.meta.dirname, "../../src");
/** Where bash, curl and the account tools are; nothing else of our own environment goes in. */
const searchPath = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/opt/homebrew/bin";

type Program = "main.ts" | "token-cli.ts" | "demo-events-cli.ts";

export interface RunOptions {
  readonly cwd: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Leads a process group of its own, as a shell's foreground job does. */
  readonly ownGroup?: boolean;
}

export interface Run {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  kill(signal: NodeJS.Signals): void;
  /** As Ctrl-C in a terminal: to the whole process group. */
  interruptGroup(): void;
  /** As `| head` does: whatever it prints from here on fails. */
  stopListening(): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Resolves once what was printed on stdout matches; rejects when the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Runs one of the app's programs as `pnpm dev`, `pnpm token` and `pnpm demo:events` do. */
export function run(program: Program, options: RunOptions): Run & AsyncDisposable {
  const { cwd, args = [], env = {}, ownGroup = false } = options;
  const child = spawn(process.execPath, [join(srcDir, program), ...args], {
    cwd,
    env: { PATH: searchPath, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: ownGroup,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the process could not be started");
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "SIGKILL"));
  });
  return {
    pid,
    ended,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    kill: (signal) => void child.kill(signal),
    interruptGroup: () => void process.kill(-pid, "SIGINT"),
    stopListening: () => void child.stdout.destroy(),
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output.stdout);
          if (found !== null) resolve(found);
        };
        child.stdout.on("data", look);
        child.once("close", () => reject(new Error(`ended early: ${output.stdout}${output.stderr}`)));
        look();
      }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

export interface Leftrail extends Run, AsyncDisposable {
  readonly url: string;
  /** The lines of the banner that are meant to be pasted. */
  readonly curlLines: readonly string[];
}

/** Starts Leftrail and waits for its banner. */
export async function startLeftrail(options: RunOptions): Promise<Leftrail> {
  const started = run("main.ts", options);
  const [, url = ""] = await started.printed(/Leftrail is at (\S+)[^]*a token: curl .*\n/);
  const curlLines = started.stdout
    .split("\n")
    .filter((line) => line.startsWith("  curl "))
    .map((line) => line.trim());
  return Object.assign(started, { url, curlLines });
}

/** Runs a line in bash, as one who pastes it; what it printed. */
export async function paste(line: string): Promise<string> {
  const child = spawn("bash", ["-c", line], {
    env: { PATH: searchPath },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child, "close");
  return output;
}
