import postgres from "postgres";
import { expect } from "vitest";

/** Runs `work` while another session holds the tenant's row, as a unit of work does. */
export async function whileLocked<T>(
  url: string,
  tenantId: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const holder = postgres(url, { max: 1 });
  const watcher = postgres(url, { max: 1 });
  try {
    const held = await holder.begin(async (sql) => {
      await sql`select 1 from tenants where id = ${tenantId} for update`;
      return { value: await work(watcher) };
    });
    return held.value;
  } finally {
    await Promise.all([holder.end(), watcher.end()]);
  }
}

/** Until so many sessions of the database wait for a lock. */
export async function waitingForLocks(sql: postgres.Sql, count: number): Promise<void> {
  const waiting = async () => {
    const rows = await sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return rows.length;
  };
  await expect.poll(waiting, { interval: 10 }).toBe(count);
}
