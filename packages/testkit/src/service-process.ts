import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { atExit } from "./at-exit.ts";
import { outputTail, type OutputTail } from "./output-tail.ts";
import { freezeProcesses, thawProcesses } from "./process-control.ts";

export interface ServiceOptions {
  /** Its `main.ts`: a file URL or an absolute path. */
  readonly entry: URL | string;
  /** All of its environment, but for HOST and PORT: any free port of 127.0.0.1. */
  readonly env: Readonly<Record<string, string>>;
  /** For errors: "the control plane". */
  readonly name: string;
  readonly onExit?: (exit: ServiceExit) => void;
  /** How long it may take to end by itself before it is killed. */
  readonly stopTimeoutMs?: number;
}

export interface ServiceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Ends with SIGTERM, frozen or not; with SIGKILL when that takes longer than its `stopTimeoutMs`. */
export interface ServiceProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** What it wrote, standard output and error as they came; the last 256 Ki characters. */
  log(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended and the log is complete. */
  readonly exited: Promise<ServiceExit>;
  /** Stops it where it stands: connections stay open, nothing is answered. */
  freeze(): Promise<void>;
  thaw(): void;
}

const logLengthMax = 256 * 1024;
const startTimeoutMs = 30_000;
/** Longer than a service's drain. */
const defaultStopTimeoutMs = 15_000;

/** Starts a service in a process of its own and waits until it serves; rejects with its log when it does not. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const { entry, env, name, onExit, stopTimeoutMs = defaultStopTimeoutMs } = options;
  const child = spawn(process.execPath, [entry instanceof URL ? fileURLToPath(entry) : entry], {
    env: { HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  const log = outputTail(child, logLengthMax);
  // Whoever asked for it may exit without a word.
  const kill = () => void child.kill("SIGKILL");
  const hasEnded = atExit(kill);
  const exited = new Promise<ServiceExit>((resolve) => {
    child.once("close", (code, signal) => {
      hasEnded();
      onExit?.({ code, signal });
      resolve({ code, signal });
    });
  });

  await using starting = new AsyncDisposableStack();
  starting.defer(async () => {
    child.kill("SIGTERM");
    child.kill("SIGCONT");
    const timer = setTimeout(kill, stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  });
  const url = await untilServing({ child, log, exited, name });
  const running = starting.move();
  return {
    url,
    pid,
    log: () => log.text(),
    kill: (signal) => void child.kill(signal),
    exited,
    freeze: () => freezeProcesses([pid]),
    thaw: () => thawProcesses([pid]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Starting {
  readonly child: ChildProcess;
  readonly log: OutputTail;
  readonly exited: Promise<ServiceExit>;
  readonly name: string;
}

async function untilServing({ child, log, exited, name }: Starting): Promise<string> {
  const fail = (what: string) => new Error(`${name} ${what}: ${log.text()}`);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const look = (): void => {
    const [, found] = /"url":"([^"]+)"/.exec(log.text()) ?? [];
    if (found !== undefined) resolve(found);
  };
  child.stdout?.on("data", look);
  void exited.then(() => reject(fail("ended early")));
  const timer = setTimeout(() => reject(fail(`was not there after ${startTimeoutMs} ms`)), startTimeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.stdout?.off("data", look).resume();
  }
}
