import type { FieldError } from "@leftrail/contract";
import type { Context, MiddlewareHandler } from "hono";
import type { z } from "zod";
import { echoName, invalidInput } from "./field-errors.ts";
import { parseInput } from "./input.ts";

/** The query through a schema: 400 for a parameter that is unknown, repeated, broken or wrong. */
export function strictQuery<S extends z.ZodObject>(c: Context, schema: S): z.output<S> {
  return parseInput(schema, readQuery(c, Object.keys(schema.shape)), "query");
}

/** The same as middleware, before validators that only look at values: these names, once each. */
export function onlyQuery(names: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    readQuery(c, names);
    await next();
  };
}

/**
 * The decoded parameters, each given once. Throws invalid_input for a repeated one, broken
 * percent-encoding or U+0000, and for a name outside `known` unless that is "any".
 */
export function readQuery(c: Context, known: readonly string[] | "any"): Record<string, string> {
  const query = new Map<string, string>();
  const errors: FieldError[] = [];
  for (const pair of queryOf(c.req.url).split("&")) {
    if (pair === "") continue;
    const separator = pair.indexOf("=");
    const rawName = separator === -1 ? pair : pair.slice(0, separator);
    const name = decode(rawName);
    const value = separator === -1 ? "" : decode(pair.slice(separator + 1));
    const detail =
      name === undefined || value === undefined
        ? "is not valid percent-encoded UTF-8"
        : problemWith(name, value, query, known);
    if (detail !== undefined) errors.push({ pointer: `?${echoName(name ?? rawName)}`, detail });
    else if (name !== undefined && value !== undefined) query.set(name, value);
  }
  if (errors.length > 0) throw invalidInput("The query is not valid.", errors);
  return Object.fromEntries(query);
}

function problemWith(
  name: string,
  value: string,
  seen: ReadonlyMap<string, string>,
  known: readonly string[] | "any",
): string | undefined {
  if (known !== "any" && !known.includes(name)) return "unknown parameter";
  if (name.includes("\0") || value.includes("\0")) return "must not contain U+0000";
  return seen.has(name) ? "must be given once" : undefined;
}

function queryOf(url: string): string {
  const start = url.indexOf("?");
  if (start === -1) return "";
  const end = url.indexOf("#", start);
  return url.slice(start + 1, end === -1 ? undefined : end);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
