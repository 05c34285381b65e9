import { ProblemError, type FieldError } from "@leftrail/contract";

/** Errors that one answer lists at most. */
export const fieldErrorsMax = 20;
/** Characters of a caller's key or parameter name that an answer repeats at most. */
export const echoedNameLengthMax = 64;

/** Where a request carries its input. */
export type InputPlace = "body" | "query" | "param" | "header";

/** The error of a request whose shape is wrong; lists the first errors only. */
export function invalidInput(detail: string, errors: readonly FieldError[]): ProblemError {
  return new ProblemError("invalid_input", detail, { errors: errors.slice(0, fieldErrorsMax) });
}

/** An RFC 6901 pointer; long names are cut and what can't be stored as text is replaced. */
export const toJsonPointer = (path: readonly PropertyKey[]): string =>
  path.map((segment) => `/${echoName(String(segment)).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** A caller's name as an answer may repeat it. */
export function echoName(name: string): string {
  const cut = name.length > echoedNameLengthMax ? `${name.slice(0, echoedNameLengthMax)}…` : name;
  return cut.replaceAll("\0", "\uFFFD").toWellFormed();
}
