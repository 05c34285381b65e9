import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import {
  findPostgresBinaries,
  serverAccount,
  type PostgresBinaries,
  type ServerAccount,
} from "./postgres-binaries.ts";
import { runCommand } from "./run-command.ts";

export interface EmbeddedPostgresOptions {
  /** Where the cluster lives; made when it is missing. Its parent must be writable. */
  readonly dataDir: string;
  /** Of the superuser `postgres`; fixed when the cluster is made. */
  readonly password: string;
  /** Server settings, such as `{ fsync: "off" }`. */
  readonly settings?: Readonly<Record<string, string>>;
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
 * reaches us first and the server is stopped last. Throws an Error saying why not.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await findPostgresBinaries();
  if (binaries === undefined)
    throw new Error(`there is no embedded Postgres for ${process.platform}-${process.arch}`);
  const cluster: Cluster = { ...options, binaries, account: await serverAccount() };
  if (!existsSync(join(options.dataDir, "PG_VERSION"))) await initialise(cluster);
  const runningPort = await findRunning(cluster);
  const port = runningPort ?? (await startOnFreePort(cluster));
  return {
    url: `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`,
    wasRunning: runningPort !== undefined,
    [Symbol.asyncDispose]: () => stop(cluster),
  };
}

interface Cluster extends EmbeddedPostgresOptions {
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount;
}

// Made beside and moved into place, so that a run killed half-way leaves no half cluster.
async function initialise({ dataDir, password, binaries, account }: Cluster): Promise<void> {
  const fresh = `${dataDir}.new`;
  const passwordFile = join(tmpdir(), `leftrail-${randomBytes(8).toString("hex")}`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  try {
    if (account.uid !== undefined && account.gid !== undefined) {
      await chown(fresh, account.uid, account.gid);
      await chown(passwordFile, account.uid, account.gid);
    }
    const { exitCode, output } = await runCommand(
      binaries.initdb,
      ["-D", fresh, "-U", "postgres", "--pwfile", passwordFile, ...initFlags],
      account,
    );
    if (exitCode !== 0) throw new Error(`initdb failed: ${output}`);
    await rename(fresh, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

const initFlags = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"];

/** The port of a server that runs on this folder already; clears a lock whose process is something else by now. */
async function findRunning({ dataDir }: Cluster): Promise<number | undefined> {
  const lockFile = join(dataDir, "postmaster.pid");
  const lines = await readFile(lockFile, "utf8").then(
    (text) => text.split("\n"),
    () => undefined,
  );
  if (lines === undefined) return undefined;
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (Number.isInteger(pid) && port > 0 && (await isPostgres(pid))) return port;
  await rm(lockFile, { force: true });
  return undefined;
}

async function isPostgres(pid: number): Promise<boolean> {
  if (process.platform === "linux") {
    return readFile(`/proc/${pid}/cmdline`, "utf8").then(
      (text) => text.includes("postgres"),
      () => false,
    );
  }
  const { output } = await runCommand("ps", ["-o", "command=", "-p", String(pid)]);
  return output.includes("postgres");
}

async function startOnFreePort(cluster: Cluster): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
    const failure = await tryStart(cluster, port);
    if (failure === undefined) return port;
    if (attempt >= startAttemptsMax || !failure.includes("Address already in use")) {
      throw new Error(`Postgres did not start: ${failure}`);
    }
  }
}

async function tryStart({ dataDir, settings, binaries, account }: Cluster, port: number) {
  const flags = Object.entries({
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    ...settings,
    port,
  })
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
  const flags = ["-D", dataDir, "-m", "fast", "-w", "-t", String(stopTimeoutSeconds)];
  const { exitCode, output } = await runCommand(binaries.pgCtl, ["stop", ...flags], account);
  if (exitCode !== 0 && existsSync(join(dataDir, "postmaster.pid"))) {
    throw new Error(`Postgres did not stop: ${output}`);
  }
}
