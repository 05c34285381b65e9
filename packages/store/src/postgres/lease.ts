import { leaseLost } from "../lease-lost.ts";
import type { OutboxLease } from "../port/outbox.ts";
import { findAnnouncements, settleAnnouncement } from "./announcements.ts";
import type { PostgresClientOptions, Sql } from "./client.ts";
import { deletePending, findPending, recordBoundaries } from "./outbox.ts";
import { openSoleConnection, type SoleConnection } from "./sole-connection.ts";

/** The server ends a leader's session that is silent for so long: a frozen process must not lead on. */
const idleSessionTimeoutMs = 1_500;
/** Before the deadline, so that a statement that is only slow costs no lease. */
const statementTimeoutMs = 1_500;
const deadlineMs = 2_000;
/** The two keys of the advisory lock, "left" and "rail" in ASCII. */
const lockKeys = { left: 0x6c656674, rail: 0x7261696c };

export interface Leadership extends AsyncDisposable {
  tryLead(): Promise<OutboxLease | undefined>;
}

/**
 * Whoever holds the lock leads, and Postgres holds it for as long as the session
 * lives. A lease says everything in that one session, so what is lost with it can't
 * be said any more. A standby keeps its connection for the next attempt.
 */
export function openLeadership(options: PostgresClientOptions): Leadership {
  let standby: SoleConnection | undefined;
  let isOver = false;

  const connect = () =>
    openSoleConnection({
      ...options,
      applicationName: `${options.applicationName}-relay`,
      idleSessionTimeoutMs,
      statementTimeoutMs,
      deadlineMs,
    });

  return {
    async tryLead() {
      // Taken out: within one session the lock would be given twice.
      const kept = standby;
      standby = undefined;
      const connection = kept?.isOpen === true ? kept : await connect();
      try {
        if (await connection.run(tryLock)) return leaseOn(connection);
      } catch (error) {
        await connection[Symbol.asyncDispose]();
        throw error;
      }
      if (standby === undefined && !isOver) standby = connection;
      else await connection[Symbol.asyncDispose]();
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await standby?.[Symbol.asyncDispose]();
    },
  };
}

function leaseOn(connection: SoleConnection): OutboxLease {
  let isOver = false;
  const run = async <T>(statement: (sql: Sql) => Promise<T>): Promise<T> => {
    if (isOver) throw leaseLost();
    return connection.run(statement);
  };
  return {
    pending: (limit) => findPending(run, limit),
    remove: (ids, mark) => run((sql) => deletePending(sql, ids, mark)),
    announcements: (limit) => run((sql) => findAnnouncements(sql, limit)),
    announced: (announcement) => run((sql) => settleAnnouncement(sql, announcement)),
    recordBoundaries: () => run(async (sql) => void (await recordBoundaries(sql))),
    async [Symbol.asyncDispose]() {
      if (isOver) return;
      isOver = true;
      // By name, for the server may need a while to see that a connection is gone.
      await connection.run(unlock).catch(() => undefined);
      await connection[Symbol.asyncDispose]();
    },
  };
}

async function tryLock(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ isLocked: boolean }[]>`
    select pg_try_advisory_lock(${lockKeys.left}::int, ${lockKeys.rail}::int) as is_locked`;
  return row?.isLocked === true;
}

async function unlock(sql: Sql): Promise<void> {
  await sql`select pg_advisory_unlock(${lockKeys.left}::int, ${lockKeys.rail}::int)`;
}
