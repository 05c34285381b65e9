import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { StartError } from "@leftrail/service";
import { migrate } from "@leftrail/store";
import { claimServer, findPostgresBinaries, startEmbeddedPostgres } from "@leftrail/testkit";
import { keptSecret } from "./kept-secret.ts";

/** The embedded database, migrated, and this process's alone. */
export interface DevelopmentDatabase {
  readonly url: string;
  /** What the operator should know of the start, if anything. */
  readonly notice: string | undefined;
}

export type DatabaseOutcome = DevelopmentDatabase | { readonly unavailable: string };

/**
 * Starts the database kept in `dataDir`, or says why there is none: no binaries
 * for this platform, or a server that can't be made here. Throws StartError when
 * there is data that must not be left alone: another run uses it, or it won't start.
 */
export async function openDatabase(
  dataDir: string,
  resources: AsyncDisposableStack,
): Promise<DatabaseOutcome> {
  if ((await findPostgresBinaries()) === undefined) {
    return { unavailable: `npm has no Postgres for ${process.platform}-${process.arch}` };
  }
  await mkdir(dataDir, { recursive: true });
  const clusterDir = join(dataDir, "postgres");
  const isNew = !existsSync(clusterDir);
  const password = await keptSecret(join(dataDir, "postgres-password"), () =>
    randomBytes(24).toString("hex"),
  );
  const server = await startEmbeddedPostgres({ dataDir: clusterDir, password }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    if (isNew) return { unavailable: why };
    throw new StartError(
      `The database in ${clusterDir} does not start. Its data is untouched; to begin anew, delete ${dataDir}.\n${why}`,
    );
  });
  if ("unavailable" in server) return server;
  const claim = await claimServer(server.url, `leftrail dev, process ${process.pid}`);
  // Not ours to stop: whoever holds it is still at work.
  if ("heldBy" in claim) {
    throw new StartError(
      `Leftrail runs on the data in ${dataDir} already (${claim.heldBy}). Stop that one first.`,
    );
  }
  resources.use(server);
  resources.use(claim);
  const url = databaseUrl(server.url);
  await migrate(url);
  return { url, notice: server.wasRunning ? "took over the database of a run that was killed" : undefined };
}

function databaseUrl(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.pathname = "/leftrail";
  return url.href;
}
