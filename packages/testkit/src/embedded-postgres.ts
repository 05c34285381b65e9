import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { atExit } from "./at-exit.ts";
import { findFreePort } from "./free-port.ts";
import { initialiseCluster, type Cluster } from "./initialise-cluster.ts";
import { findPostgresBinaries, serverAccount } from "./postgres-binaries.ts";
import { clearStaleLock, findPostmaster, findReadyPostmaster } from "./postmaster.ts";
import { runCommand } from "./run-command.ts";

export interface EmbeddedPostgresOptions {
  /** Where the cluster lives; made when it is missing. Its parent must be writable. */
  readonly dataDir: string;
  /** Of the superuser `postgres`; fixed when the cluster is made. */
  readonly password: string;
  /** Server settings, such as `{ fsync: "off" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Once it has fired, what has not begun yet is left out. */
  readonly signal?: AbortSignal;
  readonly findPort?: () => Promise<number>;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** The superuser's URL of the database `postgres`. */
  readonly url: string;
  /** True when a server was found running on this folder, left behind by a run that was killed. */
  readonly wasRunning: boolean;
}

/** How often another port is tried when the free one was taken meanwhile. */
const startAttemptsMax = 3;
const startTimeoutSeconds = 30;
const stopTimeoutSeconds = 20;

/**
 * Starts the PostgreSQL that npm installed, on a free port of 127.0.0.1, through
 * its own pg_ctl: that puts the server into a session of its own, so that Ctrl-C
 * reaches us first and the server is stopped last. The folder must be the caller's
 * alone. Throws an Error saying why not.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { settings = {}, signal, findPort = findFreePort } = options;
  const binaries = await findPostgresBinaries();
  if (binaries === undefined)
    throw new Error(`there is no embedded Postgres for ${process.platform}-${process.arch}`);
  const dataDir = resolve(options.dataDir);
  const cluster = { dataDir, password: options.password, binaries, account: await serverAccount() };
  signal?.throwIfAborted();
  if (!existsSync(join(dataDir, "PG_VERSION"))) await initialiseCluster(cluster);
  signal?.throwIfAborted();
  const running = await findReadyPostmaster(dataDir, startTimeoutSeconds * 1000);
  await using starting = new AsyncDisposableStack();
  starting.defer(() => stop(cluster));
  starting.use(stopAtExit(cluster));
  const port = running?.port ?? (await startOnFreePort(cluster, settings, findPort));
  const resources = starting.move();
  return {
    url: `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`,
    wasRunning: running !== undefined,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function startOnFreePort(
  cluster: Cluster,
  settings: Readonly<Record<string, string>>,
  findPort: () => Promise<number>,
): Promise<number> {
  await clearStaleLock(cluster.dataDir);
  for (let attempt = 1; ; attempt++) {
    const port = await findPort();
    const failure = await tryStart(cluster, { ...settings, port });
    if (failure === undefined) return port;
    if (attempt >= startAttemptsMax || !failure.includes("Address already in use")) {
      throw new Error(`Postgres did not start: ${failure}`);
    }
  }
}

async function tryStart(
  { dataDir, binaries, account }: Cluster,
  settings: Readonly<Record<string, string | number>>,
): Promise<string | undefined> {
  const flags = Object.entries({ listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings })
    .map(([name, value]) => `-c ${name}='${value}'`)
    .join(" ");
  const log = join(dataDir, "server.log");
  await rm(log, { force: true });
  const { exitCode, output } = await runCommand(
    binaries.pgCtl,
    ["start", "-D", dataDir, "-w", "-t", String(startTimeoutSeconds), "-l", log, "-o", flags],
    account,
  );
  if (exitCode === 0) return undefined;
  const tail = await readFile(log, "utf8").catch(() => "");
  return `${output}\n${tail}`.trim();
}

async function stop({ dataDir, binaries, account }: Cluster): Promise<void> {
  if ((await findPostmaster(dataDir)) === undefined) return;
  const flags = ["-D", dataDir, "-m", "fast", "-w", "-t", String(stopTimeoutSeconds)];
  const { exitCode, output } = await runCommand(binaries.pgCtl, ["stop", ...flags], account);
  if (exitCode !== 0 && (await findPostmaster(dataDir)) !== undefined) {
    throw new Error(`Postgres did not stop: ${output}`);
  }
}

// A process that exits at once (a second Ctrl-C, an uncaught error) has no time to wait, but can still ask.
function stopAtExit({ dataDir, binaries, account }: Cluster): Disposable {
  const ask = () => {
    spawnSync(binaries.pgCtl, ["stop", "-D", dataDir, "-m", "fast", "-W"], { ...account, stdio: "ignore" });
  };
  return { [Symbol.dispose]: atExit(ask) };
}
