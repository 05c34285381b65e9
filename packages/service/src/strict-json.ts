import { ProblemError } from "@leftrail/contract";
import type { Context, MiddlewareHandler } from "hono";
import { invalidInput, toJsonPointer } from "./field-errors.ts";
import { malformed, parseStrictJson } from "./parse-strict-json.ts";
import { bodyBytesMax, readBody, tooLarge } from "./read-body.ts";
import { escapedLengthMax, unescapedBytes } from "./unescaped-bytes.ts";

export interface StrictJsonOptions {
  /**
   * How the limit counts a body: as it is sent, or with each escape as the UTF-8 that it stands for, for texts
   * that fill the limit and come from a client that escapes.
   */
  readonly limit?: "sent" | "unescaped";
}

/**
 * For a route with a body, before its validators: 415, 413 or 400 for what is not
 * strict JSON of bounded size; afterwards `c.req.json()` answers from memory.
 */
export function strictJson({ limit = "sent" }: StrictJsonOptions = {}): MiddlewareHandler {
  return async (c, next) => {
    checkMediaType(c);
    const text = await readText(c, limit === "sent" ? bodyBytesMax : escapedLengthMax * bodyBytesMax);
    if (limit === "unescaped" && unescapedBytes(text) > bodyBytesMax) throw tooLarge();
    if (text === "") throw malformed("a JSON body is required");
    requireContentType(c);
    parseStrictJson(text);
    keepText(c, text);
    // Validators behind this look at the header too, and know fewer spellings of it.
    c.req.raw.headers.set("Content-Type", "application/json");
    await next();
  };
}

/** For a writing route without a body: nothing or `{}` passes, every field is unknown. */
export function noBody(): MiddlewareHandler {
  return async (c, next) => {
    checkContentEncoding(c);
    const text = await readText(c);
    if (text !== "") {
      checkMediaType(c);
      requireContentType(c);
      refuseFields(parseStrictJson(text));
    }
    keepText(c, text);
    await next();
  };
}

// Hono declares the resolved type of its cache although it keeps promises there.
function keepText(c: Context, text: string): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  c.req.bodyCache.text = Promise.resolve(text) as unknown as string;
}

async function readText(c: Context, bytesMax?: number): Promise<string> {
  const bytes = await readBody(c, bytesMax);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("is not valid UTF-8");
  }
}

function refuseFields(value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed("must be empty or {}");
  const names = Object.keys(value);
  if (names.length === 0) return;
  throw invalidInput(
    "This route takes no body.",
    names.map((name) => ({ pointer: toJsonPointer([name]), detail: "unknown field" })),
  );
}

function checkMediaType(c: Context): void {
  checkContentEncoding(c);
  const contentType = c.req.header("Content-Type");
  if (contentType !== undefined && !isJsonInUtf8(contentType)) throw unsupported();
}

function requireContentType(c: Context): void {
  if (c.req.header("Content-Type") === undefined) throw unsupported();
}

function checkContentEncoding(c: Context): void {
  const encoding = c.req.header("Content-Encoding");
  if (encoding !== undefined && encoding !== "" && encoding.toLowerCase() !== "identity")
    throw new ProblemError("unsupported_media_type", "The body must not be compressed.");
}

function isJsonInUtf8(contentType: string): boolean {
  const [mediaType = "", ...parameters] = contentType.toLowerCase().split(";");
  if (mediaType.trim() !== "application/json") return false;
  return parameters.every((parameter) => {
    const [name = "", value = ""] = parameter.split("=", 2);
    return name.trim() !== "charset" || /^"?utf-?8"?$/.test(value.trim());
  });
}

const unsupported = (): ProblemError =>
  new ProblemError("unsupported_media_type", "The body must be application/json in UTF-8.");
