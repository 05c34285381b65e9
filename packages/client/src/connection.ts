import type { StreamedEvent } from "@leftrail/contract";
import { eventTypes, readEvent } from "./events.ts";

/** What of an EventSource is used: the browser's own, and the one of the npm package. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

export type OpenEventSource = (url: string) => EventSourceLike;

/** A connection with one ticket, which reconnects by itself, with its `Last-Event-ID`, until it can't. */
export interface Connection {
  close(): void;
}

/** Not called any more once the connection was closed. */
export interface ConnectionHandlers {
  /** Also each time that it has reconnected. */
  opened(): void;
  /** It reconnects by itself. */
  interrupted(): void;
  /** It has given up: any answer but a 200 does that. */
  ended(): void;
  event(event: StreamedEvent): void;
  malformed(error: unknown): void;
}

/** `EventSource.CLOSED`; the constructor that was handed in need not carry it. */
const closedState = 2;

export function openConnection(url: string, open: OpenEventSource, handlers: ConnectionHandlers): Connection {
  const source = open(url);
  let isClosed = false;

  for (const type of eventTypes) {
    source.addEventListener(type, ({ data }) => {
      if (isClosed) return;
      const event = readEvent(type, data);
      if (event === undefined) handlers.malformed(new TypeError(`the stream sent no event of type ${type}`));
      else handlers.event(event);
    });
  }
  source.addEventListener("open", () => {
    if (!isClosed) handlers.opened();
  });
  source.addEventListener("error", () => {
    if (isClosed) return;
    if (source.readyState === closedState) handlers.ended();
    else handlers.interrupted();
  });

  return {
    close() {
      isClosed = true;
      source.close();
    },
  };
}
