import type { FieldError, ProblemError } from "@leftrail/contract";
import type { z } from "zod";
import { echoName, fieldErrorsMax, invalidInput, toJsonPointer, type InputPlace } from "./field-errors.ts";

type Issue = z.core.$ZodIssue;

/** Parses one part of a request, or throws invalid_input that says where it is wrong. */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown, place: InputPlace): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw inputError(result.error.issues, place);
  return result.data;
}

/** What a validator of a route tells its hook, as far as the hook needs it. */
export type ValidationResult =
  | { readonly success: true; readonly target: string }
  | {
      readonly success: false;
      readonly target: string;
      readonly error: { readonly issues: readonly Issue[] };
    };

/** The `defaultHook` of an `OpenAPIHono`: a failed validation throws the problem. */
export function validationHook(result: ValidationResult): void {
  if (!result.success) throw inputError(result.error.issues, placeOfTarget(result.target));
}

/**
 * The issues of a schema as field errors, at most `fieldErrorsMax`: JSON pointers for the
 * body, `?name`, `/name` for a path parameter. No detail repeats the value that was sent.
 */
export function toFieldErrors(issues: readonly Issue[], place: InputPlace): FieldError[] {
  const errors: FieldError[] = [];
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") {
      const detail = place === "body" ? "unknown field" : "unknown parameter";
      for (const key of issue.keys.slice(0, fieldErrorsMax))
        errors.push(toFieldError([...issue.path, key], detail, place));
    } else errors.push(toFieldError(issue.path, detailOf(issue), place));
    if (errors.length >= fieldErrorsMax) break;
  }
  return errors.slice(0, fieldErrorsMax);
}

const titleOfPlace: Readonly<Record<InputPlace, string>> = {
  body: "The body is not valid.",
  query: "The query is not valid.",
  param: "The path is not valid.",
  header: "A header is not valid.",
};

const inputError = (issues: readonly Issue[], place: InputPlace): ProblemError =>
  invalidInput(titleOfPlace[place], toFieldErrors(issues, place));

function toFieldError(path: readonly PropertyKey[], detail: string, place: InputPlace): FieldError {
  const name = echoName(String(path[0] ?? ""));
  switch (place) {
    case "body":
    case "param":
      return { pointer: toJsonPointer(path), detail };
    case "query":
      return { pointer: `?${name}`, detail };
    case "header":
      // A header has no pointer of its own in a problem document.
      return { pointer: "", detail: `header ${name}: ${detail}` };
    default: {
      const unhandled: never = place;
      return unhandled;
    }
  }
}

// Only zod's own texts are replaced: a message written in a schema stands.
function detailOf(issue: Issue): string {
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input: expected ")) {
    if (issue.message.endsWith("received undefined")) return "is required";
    return issue.expected === "int" ? "must be a whole number" : `must be of type ${issue.expected}`;
  }
  if (issue.code === "invalid_value" && /^Invalid (?:option|input): expected /.test(issue.message))
    return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
  if (issue.code === "too_big" && issue.message.startsWith("Too big: "))
    return `must ${sizeOf(issue.origin, "at most", issue.maximum)}`;
  if (issue.code === "too_small" && issue.message.startsWith("Too small: "))
    return `must ${sizeOf(issue.origin, "at least", issue.minimum)}`;
  return issue.message;
}

function sizeOf(origin: string, bound: string, limit: number | bigint): string {
  if (origin === "string") return `have ${bound} ${limit} characters`;
  if (origin === "array") return `have ${bound} ${limit} items`;
  return `be ${bound} ${limit}`;
}

function placeOfTarget(target: string): InputPlace {
  switch (target) {
    case "query":
    case "param":
    case "header":
      return target;
    case "cookie":
      return "header";
    default:
      return "body";
  }
}
