import type { FieldError } from "@leftrail/contract";
import { fieldErrorsMax, invalidInput, toJsonPointer } from "./field-errors.ts";

/** Deepest nesting of arrays and objects in a body. */
export const jsonDepthMax = 32;

/**
 * Parses a body that every later step can store, hash and log: bounded nesting, no
 * U+0000, no lone surrogate, no number beyond a double. Throws invalid_input with pointers.
 */
export function parseStrictJson(text: string): unknown {
  // Before parsing, so that neither the parser nor any walk below can run out of stack.
  if (isNestedDeeperThan(text, jsonDepthMax))
    throw malformed(`must not be nested deeper than ${jsonDepthMax} levels`);
  const value = parseJson(text);
  const errors: FieldError[] = [];
  collectUnstorable(value, [], errors);
  if (errors.length > 0) throw invalidInput("The body is not valid.", errors);
  return value;
}

/** The error of a body that is wrong as a whole. */
export const malformed = (detail: string) =>
  invalidInput("The body is not valid.", [{ pointer: "", detail }]);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body, so it is not repeated.
    throw malformed("is not valid JSON");
  }
}

function isNestedDeeperThan(text: string, depthMax: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === "\\") i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "[" || char === "{") {
      if (++depth > depthMax) return true;
    } else if (char === "]" || char === "}") depth--;
  }
  return false;
}

function collectUnstorable(value: unknown, path: readonly string[], errors: FieldError[]): void {
  if (errors.length >= fieldErrorsMax) return;
  if (typeof value === "string") {
    const detail = unstorableText(value);
    if (detail !== undefined) errors.push({ pointer: toJsonPointer(path), detail });
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) errors.push({ pointer: toJsonPointer(path), detail: "is out of range" });
  } else if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const detail = unstorableText(key);
      if (detail !== undefined)
        errors.push({ pointer: toJsonPointer([...path, key]), detail: `the name ${detail}` });
      collectUnstorable(child, [...path, key], errors);
    }
  }
}

function unstorableText(text: string): string | undefined {
  if (text.includes("\0")) return "must not contain U+0000";
  return text.isWellFormed() ? undefined : "must not contain a lone surrogate";
}
