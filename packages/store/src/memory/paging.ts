import { newestPositionOf, pageOf } from "../page.ts";
import type { NewestPosition, Page, PageRequest } from "../records.ts";
import { compareText } from "./snapshot.ts";

/** A page of rows sorted by one text. */
export function byText<T>(
  rows: Iterable<T>,
  textOf: (row: T) => string,
  { limit, after }: PageRequest<string>,
): Page<T, string> {
  const sorted = [...rows]
    .filter((row) => after === null || compareText(textOf(row), after) > 0)
    .toSorted((a, b) => compareText(textOf(a), textOf(b)));
  return pageOf(sorted.slice(0, limit + 1), limit, textOf);
}

/** A page of rows, newest first. */
export function newestFirst<T extends NewestPosition>(
  rows: Iterable<T>,
  { limit, after }: PageRequest<NewestPosition>,
): Page<T, NewestPosition> {
  const sorted = [...rows].filter((row) => after === null || compareAge(row, after) > 0).toSorted(compareAge);
  return pageOf(sorted.slice(0, limit + 1), limit, newestPositionOf);
}

const compareAge = (a: NewestPosition, b: NewestPosition): number =>
  compareText(b.createdAt, a.createdAt) || compareText(b.id, a.id);
