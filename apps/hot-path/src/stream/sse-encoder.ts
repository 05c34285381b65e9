import type { EventData, StreamEventType } from "@leftrail/contract";
import { frameOf, type Frame } from "./frame.ts";

/** The content type and the whole syntax of a stream: no other file writes any of it. */
export const eventStreamType = "text/event-stream";

/** An event in its envelope, which is one line of JSON. */
export interface EncodableEvent {
  readonly id: string;
  readonly type: string;
  readonly json: string;
}

/** Three lines and a blank one. Throws a TypeError for what would be more lines. */
export const encodeEvent = ({ id, type, json }: EncodableEvent): Frame =>
  frameOf(`id: ${oneLine(id)}\nevent: ${oneLine(type)}\ndata: ${oneLine(json)}\n\n`);

/** An event of the stream itself, to one connection: its id is the connection's cursor. */
export function encodeOwnEvent<T extends StreamEventType>({
  data,
  ...envelope
}: {
  readonly id: string;
  readonly type: T;
  readonly orgId: string;
  /** ISO-8601, UTC, milliseconds, `Z`. */
  readonly occurredAt: string;
  readonly data: EventData<T>;
}): Frame {
  const { id, type, orgId, occurredAt } = envelope;
  return encodeEvent({ id, type, json: JSON.stringify({ id, type, orgId, occurredAt, data }) });
}

/** Moves a client's cursor and nothing else. */
export const encodeId = (id: string): Frame => frameOf(`id: ${oneLine(id)}\n\n`);

export const encodeRetry = (milliseconds: number): Frame => frameOf(`retry: ${Math.round(milliseconds)}\n\n`);

/** With nothing to say but that the stream is alive. */
export const heartbeat: Frame = frameOf(":heartbeat\n\n");

/** The same where a filter has skipped events up to this id. */
export const encodeHeartbeat = (id: string): Frame => frameOf(`:heartbeat\nid: ${oneLine(id)}\n\n`);

/** All that a client is told that shall come back later. */
export const encodeLater = (retryMs: number, reason: string): string =>
  `retry: ${retryMs}\n:${oneLine(reason)}\n\n`;

/** CWE-93: a line break in a value would begin a field of its own, and NUL makes clients ignore an id. */
function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TypeError("a value of an event has a line break or NUL in it");
  return text;
}
