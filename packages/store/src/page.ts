import type { NewestPosition, Page } from "./records.ts";

/** Cuts the one row that was fetched beyond the limit into "there is more". */
export function pageOf<T, P>(rows: readonly T[], limit: number, positionOf: (row: T) => P): Page<T, P> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? positionOf(last) : null };
}

export const newestPositionOf = (row: NewestPosition): NewestPosition => ({
  createdAt: row.createdAt,
  id: row.id,
});
