import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasContainerRuntime } from "./container-runtime.ts";
import { findFreePort } from "./free-port.ts";

/** A Redis of one's own: nobody else's keys, nothing kept. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  /** To freeze it with a signal; undefined in Docker. */
  readonly pid: number | undefined;
}

const programs = ["redis-server", "valkey-server"];
const startAttemptsMax = 3;
const dockerImage = "redis:8-alpine";

/** A child process on a free port, else one in Docker. Throws, saying what to install. */
export async function startTestRedis(): Promise<TestRedis> {
  for (const program of programs) {
    for (let attempt = 1; attempt <= startAttemptsMax; attempt++) {
      const redis = await tryStart(program);
      if (redis === "missing") break;
      if (redis !== "port taken") return redis;
    }
  }
  const container = await startInDocker();
  if (container !== undefined) return container;
  throw new Error(
    "No Redis for the tests: install redis-server or valkey-server (Debian: apt-get install redis-server; macOS: brew install redis)",
  );
}

async function tryStart(program: string): Promise<TestRedis | "missing" | "port taken"> {
  const port = await findFreePort();
  const dir = await mkdtemp(join(tmpdir(), "leftrail-redis-"));
  const flags = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    dir,
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  const child = spawn(program, flags, { stdio: ["ignore", "pipe", "ignore"] });
  // Whoever asked for it may exit without a word.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const outcome = await waitUntilReady(child);
  if (outcome !== "ready") {
    process.off("exit", kill);
    await rm(dir, { recursive: true, force: true });
    return outcome;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      // A frozen server would never see the polite signal.
      kill();
      process.off("exit", kill);
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startInDocker(): Promise<TestRedis | undefined> {
  const { GenericContainer } = await import("testcontainers");
  if (!(await hasContainerRuntime())) return undefined;
  const container = await new GenericContainer(dockerImage).withExposedPorts(redisPort).start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(redisPort)}`,
    pid: undefined,
    async [Symbol.asyncDispose]() {
      await container.stop();
    },
  };
}

const redisPort = 6379;

function waitUntilReady(child: ChildProcess): Promise<"ready" | "missing" | "port taken"> {
  return new Promise((resolve) => {
    child.once("error", () => resolve("missing"));
    child.once("exit", () => resolve("port taken"));
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      if (output.includes("Ready to accept connections")) resolve("ready");
    });
  });
}
