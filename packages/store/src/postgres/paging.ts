import type { NewestPosition } from "../records.ts";
import type { Fragment, Sql } from "./client.ts";

/** Rows older than a position, for lists by newest first; `columns` is `(x.created_at, x.id)`. */
export const olderThan = (sql: Sql, columns: Fragment, after: NewestPosition | null): Fragment =>
  after === null ? sql`true` : sql`${columns} < (${after.createdAt}::timestamptz, ${after.id}::uuid)`;
