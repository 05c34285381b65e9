import { ProblemError } from "@leftrail/contract";

/** What any method of a lease answers that was disposed of or lost. */
export const leaseLost = (): ProblemError =>
  new ProblemError("unavailable", "The lease on the outbox is lost.", { retryAfterSeconds: 1 });
