import { z } from "zod";

// No flags: a pattern is printed into the OpenAPI documents, where there are none.
const uuidPattern = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** Any RFC 9562 shaped UUID in either case; comes out lower-case, as every id is stored and shown. */
export const uuidSchema = z
  .string()
  .regex(uuidPattern, "must be a UUID")
  .transform((value) => value.toLowerCase())
  .meta({ format: "uuid", example: "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b" });

/** True for a UUID in either case. */
export const isUuid = (value: unknown): value is string =>
  typeof value === "string" && uuidPattern.test(value);

/** A tenant's slug, taken as it is: an upper-case letter is refused, not folded. */
export const slugSchema = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$/,
    "must be 3 to 63 characters: a-z, 0-9 and hyphens, with no hyphen at either end",
  )
  .meta({ example: "acme" });

/** Longest name or id in characters. */
export const nameLengthMax = 200;

/** A human's name for a thing: 1 to 200 characters, not only white space. */
export const nameSchema = z
  .string()
  .max(nameLengthMax, `must be at most ${nameLengthMax} characters`)
  .regex(/\S/, "must not be empty")
  .meta({ example: "Acme Inc." });

/** A product's key in the catalog. */
export const productKeySchema = z
  .string()
  .min(1, "must not be empty")
  .max(nameLengthMax, `must be at most ${nameLengthMax} characters`)
  .meta({ example: "ai-chat" });

/** A feature's name: 1 to 128 characters. */
export const featureNameSchema = z.string().min(1).max(128);

/** A moment that a caller names: ISO-8601 with an offset or `Z`, in the years 1 to 9999; comes out as an Instant. */
export const momentSchema = z.iso
  .datetime({ offset: true, error: "must be an ISO-8601 date and time with an offset" })
  .transform((text, context) => {
    const instant = instantOf(text);
    if (instant === undefined) context.addIssue("is outside of the years 1 to 9999");
    return instant ?? z.NEVER;
  })
  .meta({ format: "date-time", example: "2026-12-31T00:00:00Z" });

/** A timestamp as answers carry it: ISO-8601, UTC, milliseconds, `Z`. */
export const timestampSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .meta({ format: "date-time", example: "2026-01-31T12:00:00.000Z" });

/**
 * A moment as the store keeps it: ISO-8601, UTC, six fraction digits, `Z`, so
 * that comparing two as strings compares the moments and no microsecond is lost.
 */
export type Instant = string & { readonly __brand: "Instant" };

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

const isInstant = (text: string): text is Instant => instantPattern.test(text);

/** Brands a text that has the shape of an Instant; throws a TypeError on any other. */
export function toInstant(text: string): Instant {
  if (!isInstant(text)) throw new TypeError("not an instant with microseconds");
  return text;
}

/** An ISO-8601 text with an offset as an Instant, microseconds kept, finer ones cut; undefined outside of four-digit years. */
function instantOf(text: string): Instant | undefined {
  const milliseconds = new Date(text);
  if (Number.isNaN(milliseconds.getTime())) return undefined;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  const instant = `${milliseconds.toISOString().slice(0, 19)}.${micros}Z`;
  return isInstant(instant) && !instant.startsWith("0000") ? instant : undefined;
}

/** The wire form: milliseconds, truncated. */
export const toTimestamp = (instant: Instant): string => `${instant.slice(0, 23)}Z`;
