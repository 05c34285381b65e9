import { parsePoint, type Point } from "../event-id.ts";

/** An event as Redis has it: an entry of the log, or a message, which has the same fields. */
export interface LoggedEvent {
  readonly id: string;
  readonly point: Point;
  /** When it was published, by Redis's clock in milliseconds. */
  readonly atMs: number;
  readonly type: string;
  /** Its JSON after the id. */
  readonly body: string;
}

/** `<id> <at> <type>`, a line break, the body; undefined: not ours. */
export function decodeMessage(text: string): LoggedEvent | undefined {
  const end = text.indexOf("\n");
  const [id, at, type, ...rest] = text.slice(0, Math.max(end, 0)).split(" ");
  return rest.length > 0 ? undefined : toLogged({ id, at, type, body: text.slice(end + 1) });
}

/** An entry as XRANGE answers it. */
export function decodeEntry(entry: unknown): LoggedEvent | undefined {
  if (!isList(entry)) return undefined;
  const [id, fields] = entry;
  if (!isList(fields)) return undefined;
  const named: Record<string, unknown> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) named[String(fields[at])] = fields[at + 1];
  const { at, type, body } = named;
  return toLogged({ id, at, type, body });
}

/** An array, of which nothing else is known. */
export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

interface Fields {
  readonly id: unknown;
  readonly at: unknown;
  readonly type: unknown;
  readonly body: unknown;
}

function toLogged({ id, at, type, body }: Fields): LoggedEvent | undefined {
  if (typeof id !== "string" || typeof at !== "string") return undefined;
  if (typeof type !== "string" || typeof body !== "string" || type === "" || body === "") return undefined;
  const point = parsePoint(id);
  const atMs = Number(at);
  // Nothing is published under 0, which is the point before the first event.
  if (point === undefined || point.seq === 0) return undefined;
  return Number.isFinite(atMs) ? { id, point, atMs, type, body } : undefined;
}
