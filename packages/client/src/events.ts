import type { EventData, PublishedEventType, StreamEventType, StreamedEvent } from "@leftrail/contract";

/** What services publish, as `onEvent` gets it; narrows by `type`. */
export type PublishedEvent = Exclude<StreamedEvent, { readonly type: StreamEventType }>;

/** The events of some types. */
export type EventOf<T extends PublishedEventType> = Extract<PublishedEvent, { readonly type: T }>;

/**
 * Events were lost between `requested` and `resumedFrom`: what was shown must be read again. `requested` is
 * `unknown` where the connection was lost before it carried any id.
 */
export type StreamGap = Readonly<EventData<"stream.gap">>;

// The contract's own list would bring its schemas into every page; this one can't miss a type.
const types = {
  "scheduler.tick": true,
  "run.stage": true,
  "change.detected": true,
  "action.delivered": true,
  "change.stateChanged": true,
  "org.entitlements.changed": true,
  "stream.gap": true,
  "stream.reauth": true,
  "stream.revoked": true,
} satisfies Record<StreamedEvent["type"], true>;

/** All that a stream may carry and this client knows; EventSource passes over others. */
export const eventTypes: readonly string[] = Object.keys(types);

/** The event in a line of `data`; undefined when it is none of this type. */
export function readEvent(type: string, text: unknown): StreamedEvent | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isEventOf(type, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

// Beyond its envelope an event is what the contract says of its type: the server checked it when it was published.
const isEventOf = (type: string, value: unknown): value is StreamedEvent =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  value.type === type &&
  "id" in value &&
  typeof value.id === "string" &&
  "data" in value &&
  typeof value.data === "object" &&
  value.data !== null;
