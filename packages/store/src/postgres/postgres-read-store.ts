import type { ReadStore } from "../store.ts";
import type { PostgresOptions } from "./postgres-store.ts";
import { outboxReads } from "./outbox.ts";
import { openRenewableClient } from "./renewable-client.ts";
import { sidebarReads } from "./sidebar.ts";

/** How long a read may take where nobody says so. */
const queryTimeoutMsDefault = 5_000;
/** Connections of their own for pings and looks: reads that wait for a lock must not hide that the database is there. */
const watchConnectionsMax = 2;

export type PostgresReadOptions = PostgresOptions & {
  /** A read that takes longer rejects with `unavailable` at that moment. */
  readonly queryTimeoutMs?: number;
};

/** The hot path's half: every connection may only SELECT what the left rail needs. */
export function openPostgresReadStore(options: PostgresReadOptions): ReadStore {
  const { queryTimeoutMs = queryTimeoutMsDefault, ...clientOptions } = options;
  // Nobody waits for a read any longer, so its connection is for others.
  const common = { statementTimeoutMs: queryTimeoutMs, ...clientOptions, role: "leftrail_reader" } as const;
  const reads = openRenewableClient(common, queryTimeoutMs);
  const watch = openRenewableClient(
    {
      ...common,
      applicationName: `${common.applicationName}-watch`,
      connectionsMax: watchConnectionsMax,
    },
    queryTimeoutMs,
  );
  const run: typeof reads.run = (query) => reads.run(query);
  return {
    engine: "postgres",
    ping: () => watch.run(async (sql) => void (await sql`select 1`)),
    read: {
      sidebar: {
        organizations: (...args) => run((sql) => sidebarReads(sql).organizations(...args)),
        featureSources: (...args) => run((sql) => sidebarReads(sql).featureSources(...args)),
        products: (...args) => run((sql) => sidebarReads(sql).products(...args)),
        explainableSources: (...args) => run((sql) => sidebarReads(sql).explainableSources(...args)),
      },
      outbox: { look: (...args) => watch.run((sql) => outboxReads(sql).look(...args)) },
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([reads, watch].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}
