import { hash } from "node:crypto";
import type { Found } from "./ports.ts";

/** An entry as it stands in Redis; its ends are milliseconds of Redis's clock. */
export interface StoredEntry {
  /** Its own key: one that was copied under another is foreign. */
  readonly key: string;
  readonly variant: string;
  /** What the answer was computed with: two builds may share one Redis. */
  readonly build: string;
  readonly stamps: readonly string[];
  readonly freshUntilMs: number;
  /** Null: time alone never changes it. */
  readonly endsAtMs: number | null;
  readonly answer: Found;
}

const format = "leftrail-entry-1";
const digestLength = 43;
const headLength = `${format} `.length + digestLength + 1;
const fieldCount = 7;
const etagPattern = /^"[\w-]+"$/;

/**
 * One line with the format and the SHA-256 of all that follows; seven lines of fields, the last one the
 * body's length in bytes; the body.
 */
export function encodeEntry({ answer, ...entry }: StoredEntry): Buffer {
  const fields = [
    entry.key,
    entry.variant,
    entry.build,
    entry.stamps.join(" "),
    `${Math.floor(entry.freshUntilMs)} ${entry.endsAtMs === null ? "-" : Math.floor(entry.endsAtMs)}`,
    answer.etag,
    String(answer.bodyBytes),
  ];
  if (fields.some((field) => field.includes("\n"))) throw new TypeError("a field with a line break");
  const payload = Buffer.from(`${fields.join("\n")}\n${answer.body}`);
  return Buffer.concat([Buffer.from(`${format} ${hash("sha256", payload, "base64url")}\n`), payload]);
}

/** Undefined when the bytes are not, to the last one, what `encodeEntry` made. */
export function decodeEntry(bytes: Buffer): StoredEntry | undefined {
  const head = bytes.toString("latin1", 0, headLength);
  const payload = bytes.subarray(headLength);
  if (head !== `${format} ${hash("sha256", payload, "base64url")}\n`) return undefined;
  const fields: string[] = [];
  let start = 0;
  while (fields.length < fieldCount) {
    const end = payload.indexOf(10, start);
    if (end === -1) return undefined;
    fields.push(payload.toString("utf8", start, end));
    start = end + 1;
  }
  const [key = "", variant = "", build = "", stamps = "", ends = "", etag = "", length] = fields;
  const [freshUntil, endsAt] = ends.split(" ");
  const bodyBytes = payload.length - start;
  // It goes into a header, where not every character may stand.
  if (Number(length) !== bodyBytes || !etagPattern.test(etag)) return undefined;
  return {
    key,
    variant,
    build,
    stamps: stamps.split(" "),
    freshUntilMs: Number(freshUntil),
    endsAtMs: endsAt === "-" ? null : Number(endsAt),
    answer: { kind: "found", body: payload.toString("utf8", start), bodyBytes, etag },
  };
}
