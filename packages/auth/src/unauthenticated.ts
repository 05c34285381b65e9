import { ProblemError } from "@leftrail/contract";

/** The one sentence that every 401 carries, whatever the cause: a caller learns nothing by trying. */
export const unauthenticatedDetail = "A valid bearer token is required.";

/**
 * The 401 of every service and every cause. `reason` is for the log; it must
 * hold neither the token nor its claims.
 */
export function unauthenticated(reason: string): ProblemError {
  return new ProblemError("unauthenticated", unauthenticatedDetail, { cause: new Error(reason) });
}
