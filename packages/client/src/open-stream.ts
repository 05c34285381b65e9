import type { PublishedEventType } from "@leftrail/contract";
import type { StartTimer } from "./alarm.ts";
import { openConnection, type OpenEventSource } from "./connection.ts";
import { followStream, type Connect } from "./follow-stream.ts";
import { errorOf, unreadable } from "./leftrail-error.ts";
import { createReceiver, type StreamSink } from "./receiver.ts";
import type { Send } from "./requests.ts";
import { canShare, shareName, shareStream } from "./share-stream.ts";
import type { EventStream, StreamOptions } from "./stream-options.ts";

export interface StreamSurroundings {
  readonly baseUrl: string;
  readonly send: Send;
  readonly loadEventSource: () => Promise<OpenEventSource>;
  /** Who the tokens stand for; undefined: tabs do not share. */
  readonly shareKey: string | undefined;
  readonly startTimer: StartTimer;
  readonly random: () => number;
}

export function openStream<T extends PublishedEventType>(
  surroundings: StreamSurroundings,
  options: StreamOptions<T>,
): EventStream {
  const { baseUrl, shareKey } = surroundings;
  const { organizationId, signal } = options;
  const receiver = createReceiver(options);
  const follow = (sink: StreamSink, events: readonly PublishedEventType[] = []) =>
    followStream({
      ...surroundings,
      sink,
      prepare: (closing) => prepareConnection(surroundings, { organizationId, events, signal: closing }),
    });
  const start = () =>
    shareKey !== undefined && options.lastEventId === undefined && canShare()
      ? shareStream({ ...surroundings, name: shareName(baseUrl, organizationId, shareKey), receiver, follow })
      : follow(receiver, options.events);
  const source = signal?.aborted === true ? undefined : start();

  function close(): void {
    signal?.removeEventListener("abort", close);
    source?.close();
    receiver.state("closed");
  }

  if (source === undefined) close();
  else signal?.addEventListener("abort", close);
  return {
    get state() {
      return receiver.currentState;
    },
    close,
  };
}

interface ConnectionInput {
  readonly organizationId: string;
  /** Empty: all types. */
  readonly events: readonly PublishedEventType[];
  readonly signal: AbortSignal;
}

async function prepareConnection(
  { baseUrl, send, loadEventSource }: StreamSurroundings,
  { organizationId, events, signal }: ConnectionInput,
): Promise<Connect> {
  const [ticket, openEventSource] = await Promise.all([
    issueTicket(send, organizationId, signal),
    loadEventSource(),
  ]);
  return (after, handlers) => {
    const query = new URLSearchParams({ token: ticket, org_id: organizationId });
    if (events.length > 0) query.set("events", events.join(","));
    if (after !== undefined) query.set("last_event_id", after);
    return openConnection(`${baseUrl}/v1/stream?${query.toString()}`, openEventSource, handlers);
  };
}

/** So that no access token needs to stand in a URL. */
async function issueTicket(send: Send, organizationId: string, signal: AbortSignal): Promise<string> {
  const { response } = await send(
    "/v1/stream/tickets",
    () => ({
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ organizationId }),
    }),
    signal,
  );
  if (response.status !== 201) throw await errorOf(response);
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === "object" && body !== null && "ticket" in body && typeof body.ticket === "string") {
    return body.ticket;
  }
  throw unreadable(response, "The answer carries no ticket");
}
