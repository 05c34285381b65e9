import { ProblemError } from "@leftrail/contract";
import postgres from "postgres";
import { constraintProblem, isKnownConstraint, stillReferred } from "../constraints.ts";

/** Seconds a caller is asked to wait when the database can't answer. */
const retryAfterSeconds = 1;

const constraintStates = new Set(["23505", "23P01", "23503", "23514"]);

/** Worth running the whole unit again: serialization failure, deadlock. */
export const isRetryable = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && (error.code === "40001" || error.code === "40P01");

/**
 * The one place where a database's error becomes a domain error. Anything not
 * known here stays as it is, and is answered as an internal error.
 */
function fromPostgresError(error: unknown): unknown {
  if (error instanceof ProblemError || !(error instanceof Error)) return error;
  if (isConnectionFailure(error)) return unavailable(error);
  if (!(error instanceof postgres.PostgresError)) return error;
  const { code: state, constraint_name: constraint } = error;
  // From a removal: 23001 since Postgres 18, before that a foreign key violation with these words.
  if (state === "23001" || (state === "23503" && error.message.startsWith("update or delete"))) {
    return stillReferred(error);
  }
  if (constraintStates.has(state)) {
    if (constraint !== undefined && isKnownConstraint(constraint))
      return constraintProblem(constraint, error);
    if (state === "23505" || state === "23P01") {
      return new ProblemError("conflict", "This conflicts with something that exists.", { cause: error });
    }
    if (state === "23503") {
      return new ProblemError("not_found", "Something that this refers to does not exist.", { cause: error });
    }
  }
  // Class 22, data exceptions: a text, number or time that the column can't hold.
  if (state === "23514" || state.startsWith("22")) {
    return new ProblemError("invalid_input", "A value is outside of what can be stored.", { cause: error });
  }
  return isUnavailableState(state) ? unavailable(error) : error;
}

/** Runs `query`; its database errors come out as domain errors. */
export async function mapped<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw fromPostgresError(error);
  }
}

export const unavailable = (cause: Error): ProblemError =>
  new ProblemError("unavailable", "The database can't answer right now.", { retryAfterSeconds, cause });

// Connection loss (08), too many connections (53), shutdown (57P), cancelled or timed out waits, standby (25006).
const isUnavailableState = (state: string): boolean =>
  /^(?:08|53|57)/.test(state) || ["40001", "40P01", "55P03", "25006", "25P03"].includes(state);

const connectionFailures = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);

const isConnectionFailure = (error: Error): boolean =>
  "code" in error && typeof error.code === "string" && connectionFailures.has(error.code);
