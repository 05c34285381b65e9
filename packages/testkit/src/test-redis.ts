import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasContainerRuntime } from "./container-runtime.ts";
import { findFreePort } from "./free-port.ts";
import { freezeProcesses, thawProcesses } from "./process-control.ts";
import { rdbName, spawnRedis, type RedisPlace, type RedisProcess } from "./redis-process.ts";

/**
 * A Redis of one's own: nobody else's keys, nothing kept. What makes it fail works on a
 * process only; in Docker it throws, saying what to install.
 */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  /** Undefined in Docker, and while it is stopped. */
  readonly pid: number | undefined;
  /** Stops it where it stands: connections stay open, nothing is answered. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends it, frozen or not; connections are closed, new ones refused. */
  stop(): Promise<void>;
  /** On the same port, without any data. Throws when it runs. */
  start(): Promise<void>;
  /** Its data as it is now. */
  saveSnapshot(): Promise<RedisSnapshot>;
  /** On the same port with the data of a snapshot, whether it runs or not. */
  startFrom(snapshot: RedisSnapshot): Promise<void>;
}

/** All data of a Redis at one moment; what had a time to live still ends when it would have. */
export interface RedisSnapshot {
  readonly rdb: Buffer;
}

const programs = ["redis-server", "valkey-server"];
const startAttemptsMax = 3;
const dockerImage = "redis:8-alpine";
const dockerPort = 6379;
const whatToInstall =
  "install redis-server or valkey-server (Debian: apt-get install redis-server; macOS: brew install redis)";

/** A child process on a free port, else one in Docker. Throws, saying what to install. */
export async function startTestRedis(): Promise<TestRedis> {
  await using starting = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "leftrail-redis-"));
  starting.defer(() => rm(dir, { recursive: true, force: true }));
  for (const program of programs) {
    for (let attempt = 1; attempt <= startAttemptsMax; attempt++) {
      const place = { program, dir, port: await findFreePort() };
      const server = await spawnRedis(place);
      if (server === "missing") break;
      if (server !== "port taken") return controlled(place, server, starting.move());
    }
  }
  const container = await startInDocker();
  if (container !== undefined) return container;
  throw new Error(`No Redis for the tests: ${whatToInstall}`);
}

function controlled(place: RedisPlace, first: RedisProcess, folder: AsyncDisposable): TestRedis {
  let server: RedisProcess | undefined = first;
  const rdbFile = join(place.dir, rdbName);
  const running = (): RedisProcess => {
    if (server === undefined) throw new Error("this Redis is stopped");
    return server;
  };
  const stop = async (): Promise<void> => {
    await server?.kill();
    server = undefined;
  };
  const startWith = async (rdb: Buffer | undefined): Promise<void> => {
    await (rdb === undefined ? rm(rdbFile, { force: true }) : writeFile(rdbFile, rdb));
    const started = await spawnRedis(place);
    if (typeof started === "string") throw new Error(`this Redis does not start again: ${started}`);
    server = started;
  };
  return {
    url: `redis://127.0.0.1:${place.port}`,
    get pid() {
      return server?.pid;
    },
    freeze: () => freezeProcesses([running().pid]),
    thaw: () => thawProcesses([running().pid]),
    stop,
    async start() {
      if (server !== undefined) throw new Error("this Redis runs already");
      await startWith(undefined);
    },
    async saveSnapshot() {
      await running().save();
      return { rdb: await readFile(rdbFile) };
    },
    async startFrom({ rdb }) {
      await stop();
      await startWith(rdb);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function startInDocker(): Promise<TestRedis | undefined> {
  const { GenericContainer } = await import("testcontainers");
  if (!(await hasContainerRuntime())) return undefined;
  const container = await new GenericContainer(dockerImage).withExposedPorts(dockerPort).start();
  const unsupported = (): never => {
    throw new Error(`A Redis in Docker can't be made to fail: ${whatToInstall}`);
  };
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(dockerPort)}`,
    pid: undefined,
    freeze: async () => unsupported(),
    thaw: unsupported,
    stop: async () => unsupported(),
    start: async () => unsupported(),
    saveSnapshot: async () => unsupported(),
    startFrom: async () => unsupported(),
    async [Symbol.asyncDispose]() {
      await container.stop();
    },
  };
}
