import type { EventStream, StreamGap, StreamOptions, StreamState } from "@leftrail/client";

/** What a stream brought, each thing as it came: plain data, so that a page can hand it to the test. */
export type Told =
  | { readonly kind: "event"; readonly id: string; readonly type: string; readonly event: unknown }
  | { readonly kind: "gap"; readonly gap: StreamGap }
  | { readonly kind: "state"; readonly state: StreamState }
  | { readonly kind: "error"; readonly message: string };

export type Tell = (told: Told) => void;

/** What the browser's own EventSource and the one of the npm package have in common. */
interface AnyEventSource {
  readonly readyState: number;
  addEventListener(
    type: string,
    listener: (event: { readonly data?: unknown; readonly lastEventId?: string }) => void,
  ): void;
}

export function watchEventSource(source: AnyEventSource, types: readonly string[], tell: Tell): void {
  for (const type of types) {
    source.addEventListener(type, ({ data, lastEventId = "" }) =>
      tell({ kind: "event", id: lastEventId, type, event: JSON.parse(String(data)) }),
    );
  }
  source.addEventListener("open", () => tell({ kind: "state", state: "open" }));
  source.addEventListener("error", () => {
    // `EventSource.CONNECTING`: it comes back by itself.
    tell({ kind: "state", state: source.readyState === 0 ? "connecting" : "closed" });
  });
}

/** A stream of the client that tells what its handlers are called with. */
export function watchStream(
  client: { openStream(options: StreamOptions): EventStream },
  options: Pick<StreamOptions, "organizationId" | "events">,
  tell: Tell,
): EventStream {
  return client.openStream({
    ...options,
    onEvent: (event) => tell({ kind: "event", id: event.id, type: event.type, event }),
    onGap: (gap) => tell({ kind: "gap", gap }),
    onStateChange: (state) => tell({ kind: "state", state }),
    onError: (error) => tell({ kind: "error", message: String(error) }),
  });
}
