import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "@leftrail/service";
import { migrate } from "@leftrail/store";
import { claimFolder, findPostgresBinaries, startEmbeddedPostgres } from "@leftrail/testkit";
import { keptSecret } from "./kept-secret.ts";

/** The embedded database, migrated, and this process's alone. */
interface DevelopmentDatabase {
  readonly url: string;
  /** What the operator should know of the start, if anything. */
  readonly notice: string | undefined;
}

export type DatabaseOutcome = DevelopmentDatabase | { readonly unavailable: string };

export interface DatabaseOptions {
  readonly dataDir: string;
  /** Stops a start between its steps. */
  readonly signal: AbortSignal;
  readonly findBinaries?: typeof findPostgresBinaries;
}

/**
 * Starts the database kept in `dataDir`, or says why there is none: no binaries
 * for this platform, or a server that can't be made here. Throws StartError when
 * there is data that must not be left alone: another run uses it, or it won't start.
 */
export async function openDatabase(
  { dataDir, signal, findBinaries = findPostgresBinaries }: DatabaseOptions,
  resources: AsyncDisposableStack,
): Promise<DatabaseOutcome> {
  if ((await findBinaries()) === undefined) {
    return { unavailable: `npm has no Postgres for ${process.platform}-${process.arch}` };
  }
  await using starting = new AsyncDisposableStack();
  const server = await startServer(dataDir, signal, starting);
  if ("unavailable" in server) return server;
  const url = databaseUrl(server.url);
  signal.throwIfAborted();
  await migrate(url).catch((error: unknown) => {
    throw new StartError(`The database in ${dataDir} can't be used as it is. ${untouched(dataDir, error)}`);
  });
  resources.use(starting.move());
  return { url, notice: server.wasRunning ? "took over the database of a run that was killed" : undefined };
}

async function startServer(dataDir: string, signal: AbortSignal, resources: AsyncDisposableStack) {
  const clusterDir = join(dataDir, "postgres");
  const isNew = !existsSync(clusterDir);
  try {
    await mkdir(dataDir, { recursive: true });
    // Before anything is looked at or changed: two starts at once would be in each other's way.
    resources.use(claim(dataDir));
    const password = await keptSecret(join(dataDir, "postgres-password"), () =>
      randomBytes(24).toString("hex"),
    );
    return resources.use(await startEmbeddedPostgres({ dataDir: clusterDir, password, signal }));
  } catch (error) {
    if (error instanceof StartError || signal.aborted) throw error;
    if (!isNew) {
      throw new StartError(`The database in ${clusterDir} does not start. ${untouched(dataDir, error)}`);
    }
    // Nothing was ever in it; left behind, it would be data that does not start.
    await rm(clusterDir, { recursive: true, force: true });
    return { unavailable: messageOf(error) };
  }
}

function claim(dataDir: string): Disposable {
  const claimed = claimFolder(dataDir);
  if (!("heldByPid" in claimed)) return claimed;
  throw new StartError(
    `Leftrail runs on the data in ${dataDir} already (process ${claimed.heldByPid}). Stop that one first.`,
  );
}

const untouched = (dataDir: string, error: unknown): string =>
  `Its data is untouched; to begin anew, delete ${dataDir}; to do without, start with --memory.\n${messageOf(error)}`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function databaseUrl(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.pathname = "/leftrail";
  return url.href;
}
