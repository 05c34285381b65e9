import { featuresQuerySchema } from "@leftrail/contract";
import { readQuery, strictQuery } from "@leftrail/service";
import type { Context } from "hono";

/** 400 for any parameter. */
export function refuseQuery(c: Context): void {
  if (hasQuery(c)) readQuery(c, []);
}

/** Whether `explain=1` was asked for; 400 for another value or parameter. */
export const wantsExplanation = (c: Context): boolean =>
  hasQuery(c) && strictQuery(c, featuresQuerySchema).explain !== undefined;

/** Nearly always false, and then there is nothing to take apart. */
const hasQuery = (c: Context): boolean => c.req.url.includes("?");
