import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { atExit } from "./at-exit.ts";
import { outputTail, type OutputTail } from "./output-tail.ts";

export interface RedisPlace {
  readonly program: string;
  readonly port: number;
  /** Where it looks for `dump.rdb` when it starts, and puts it when told to save. */
  readonly dir: string;
}

export interface RedisProcess {
  readonly pid: number;
  /** Writes its data to `dump.rdb`. */
  save(): Promise<void>;
  /** Without a farewell, so that a frozen one ends as well. */
  kill(): Promise<void>;
}

/** Starts a server that saves nothing by itself. Throws in its words when it can't start for another reason. */
export async function spawnRedis(place: RedisPlace): Promise<RedisProcess | "missing" | "port taken"> {
  const { program, port, dir } = place;
  const settings = { port, bind: "127.0.0.1", dir, dbfilename: rdbName, save: "", appendonly: "no" };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, flags, { stdio: ["ignore", "pipe", "pipe"] });
  const output = outputTail(child);
  // Whoever asked for it may exit without a word.
  const isGone = atExit(() => void child.kill("SIGKILL"));
  const outcome = await outcomeOf(child, output);
  if (outcome === "ready" && child.pid !== undefined) {
    return {
      pid: child.pid,
      save: () => save(port),
      async kill() {
        child.kill("SIGKILL");
        isGone();
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      },
    };
  }
  isGone();
  if (outcome === "missing") return "missing";
  if (output.text().includes("Address already in use")) return "port taken";
  throw new Error(`${program} did not start: ${output.text()}`);
}

/** Of the file that a server loads. */
export const rdbName = "dump.rdb";
const saveTimeoutMs = 10_000;

function outcomeOf(child: ChildProcess, output: OutputTail): Promise<"ready" | "missing" | "ended"> {
  return new Promise((resolve) => {
    child.once("error", () => resolve("missing"));
    child.once("close", () => resolve("ended"));
    const look = (): void => {
      if (!output.text().includes("Ready to accept connections")) return;
      child.stdout?.off("data", look).resume();
      resolve("ready");
    };
    child.stdout?.on("data", look);
  });
}

async function save(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(saveTimeoutMs, () => socket.destroy(new Error("Redis did not answer SAVE")));
  socket.write("SAVE\r\nQUIT\r\n");
  const answer = await text(socket);
  if (!answer.startsWith("+OK")) throw new Error(`Redis could not save: ${answer}`);
}
