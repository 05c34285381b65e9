import { ProblemError } from "@leftrail/contract";
import { eventBytesMax } from "./limits.ts";
import type { NewEvent, PublishedEvent } from "./ports.ts";

/** An event's JSON after its id, which is known only once it has been published. */
export interface EventBody {
  readonly text: string;
  /** In UTF-8. */
  readonly bytes: number;
}

/**
 * Throws a TypeError for what no event can be. `JSON.stringify` leaves no line break and no lone surrogate
 * in it, whatever the text.
 */
export function composeBody(organizationId: string, { type, occurredAt, data }: NewEvent): EventBody {
  if (!typeShape.test(type)) throw new TypeError("an event's type must be a name");
  const dataJson: string | undefined = JSON.stringify(data);
  if (dataJson === undefined) throw new TypeError("an event's data must be a JSON value");
  const text =
    `"type":${JSON.stringify(type)},"orgId":${JSON.stringify(organizationId)},` +
    `"occurredAt":${JSON.stringify(occurredAt)},"data":${dataJson}}`;
  const bytes = Buffer.byteLength(text);
  if (bytes > eventBytesMax) {
    throw new ProblemError("payload_too_large", `An event must have at most ${eventBytesMax} bytes.`);
  }
  return { text, bytes };
}

/** It stands on lines of its own in messages and streams. */
const typeShape = /^[\w.-]{1,100}$/;

export const toPublished = (id: string, type: string, body: string): PublishedEvent => ({
  id,
  type,
  json: `{"id":${JSON.stringify(id)},${body}`,
});
