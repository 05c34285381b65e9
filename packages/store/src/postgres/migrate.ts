import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { resolveBinary } from "dbmate";

const migrationsDir = fileURLToPath(new URL("../../migrations", import.meta.url));
/** How long a migration may wait for the server to accept connections. */
const serverWaitSeconds = 10;

/**
 * Brings the database at `url` to the newest schema with dbmate; creates it when
 * it is missing. Safe to repeat. Throws an Error with dbmate's own words, in which
 * the password does not occur.
 */
export async function migrate(url: string): Promise<{ output: string }> {
  const child = spawn(
    resolveBinary(),
    ["--migrations-dir", migrationsDir, "--no-dump-schema", "--wait-timeout", `${serverWaitSeconds}s`, "up"],
    // The URL goes by the environment: arguments are for everyone on the machine to see.
    { env: { DATABASE_URL: withSslMode(url) }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const output = withoutPassword(Buffer.concat(chunks).toString("utf8").trim(), url);
  if (exitCode !== 0) throw new Error(`dbmate could not migrate the database: ${output}`);
  return { output };
}

// dbmate's driver insists on TLS unless told otherwise; our client uses it only when the URL asks for it.
function withSslMode(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has("sslmode")) parsed.searchParams.set("sslmode", "disable");
  return parsed.href;
}

function withoutPassword(text: string, url: string): string {
  const { password } = new URL(url);
  if (password === "") return text;
  return text.replaceAll(password, "***").replaceAll(decodeURIComponent(password), "***");
}
