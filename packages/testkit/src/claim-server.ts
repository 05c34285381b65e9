import postgres from "postgres";

/** Any number that only Leftrail uses on this server; "leftrail" on a phone's keys. */
const claimKey = 53_387_245;

/**
 * Claims a server for one process: for as long as its connection lives, and so
 * never longer than the process itself, however that ends.
 */
export async function claimServer(
  url: string,
  holder: string,
): Promise<AsyncDisposable | { readonly heldBy: string }> {
  const sql = postgres(url, {
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connection: { application_name: holder },
  });
  const [claim] = await sql<{ ok: boolean }[]>`select pg_try_advisory_lock(${claimKey}) as ok`;
  if (claim?.ok === true) return { [Symbol.asyncDispose]: () => sql.end() };
  const [other] = await sql<{ name: string }[]>`
    select a.application_name as name
    from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objid = ${claimKey}`;
  await sql.end();
  return { heldBy: other?.name ?? "another process" };
}
