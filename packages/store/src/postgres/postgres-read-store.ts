import type { ReadStore } from "../store.ts";
import type { PostgresOptions } from "./postgres-store.ts";
import { outboxReads } from "./outbox.ts";
import { openRenewableClient } from "./renewable-client.ts";
import { sidebarReads } from "./sidebar.ts";

/** How long a read may take where nobody says so. */
const queryTimeoutMsDefault = 5_000;
/** How long the server works on a read at least before it ends it; shorter than the driver waits for the end. */
const statementTimeoutMsMin = 1_000;

export type PostgresReadOptions = PostgresOptions & {
  /** A read that takes longer rejects with `unavailable` at that moment. */
  readonly queryTimeoutMs?: number;
};

/** The hot path's half: every connection may only SELECT what the left rail needs. */
export function openPostgresReadStore(options: PostgresReadOptions): ReadStore {
  const { queryTimeoutMs = queryTimeoutMsDefault, ...clientOptions } = options;
  const statementTimeoutMs = Math.max(queryTimeoutMs, statementTimeoutMsMin);
  const client = openRenewableClient(
    { statementTimeoutMs, ...clientOptions, role: "leftrail_reader" },
    queryTimeoutMs,
  );
  const run: typeof client.run = (query) => client.run(query);
  return {
    engine: "postgres",
    ping: () => run(async (sql) => void (await sql`select 1`)),
    read: {
      sidebar: {
        organizations: (...args) => run((sql) => sidebarReads(sql).organizations(...args)),
        featureSources: (...args) => run((sql) => sidebarReads(sql).featureSources(...args)),
        products: (...args) => run((sql) => sidebarReads(sql).products(...args)),
        explainableSources: (...args) => run((sql) => sidebarReads(sql).explainableSources(...args)),
      },
      outbox: { pending: (...args) => run((sql) => outboxReads(sql).pending(...args)) },
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
