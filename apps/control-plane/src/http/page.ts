import { toInstant } from "@leftrail/contract";
import type { Page, PageRequest } from "@leftrail/store";
import { z } from "zod";
import type { Context } from "../access/context.ts";
import type { CursorScope } from "./cursor.ts";

/** A position in a list sorted by newest first. */
export const newestPositionSchema = z.strictObject({
  createdAt: z.string().transform(toInstant),
  id: z.string(),
});

/** A position in a list sorted by one text. */
export const textPositionSchema = z.string();

export interface ListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Answers one page of a list: the cursor in, the rows, the cursor out. */
export async function answerPage<T, B, P extends z.ZodType>(
  ctx: Context,
  options: {
    readonly list: string;
    readonly filters: CursorScope["filters"];
    readonly query: ListQuery;
    readonly position: P;
    readonly fetch: (page: PageRequest<z.output<P>>) => Promise<Page<T, z.output<P>>>;
    readonly toBody: (row: T) => B;
  },
): Promise<{ data: B[]; next_cursor: string | null }> {
  const { list, filters, query, position, fetch, toBody } = options;
  const scope: CursorScope = { list, filters, userId: ctx.caller.principal.userId };
  const after = query.cursor === undefined ? null : ctx.cursors.decode(scope, query.cursor, position);
  const page = await fetch({ limit: query.limit, after });
  return {
    data: page.items.map(toBody),
    next_cursor: page.next === null ? null : ctx.cursors.encode(scope, page.next),
  };
}
