import { createInProcessTickets } from "@leftrail/auth";
import { createInProcessEvents, type EventPublisher } from "@leftrail/event-broker";
import type { Registry } from "prom-client";
import { createStreamMetrics } from "../metrics/stream-metrics.ts";
import { encodeEvent } from "./sse-encoder.ts";
import type { Streaming } from "./streaming.ts";
import type { StreamSettings } from "./streams.ts";

/** Streams of a process on its own; what it `publishes` is all that they carry. Registers its metrics. */
export function startInProcessStreaming({
  settings,
  registry,
}: {
  readonly settings: StreamSettings;
  readonly registry: Registry;
}): Streaming & AsyncDisposable & { readonly publisher: EventPublisher } {
  const metrics = createStreamMetrics(registry);
  const events = createInProcessEvents({
    // Since 1970 as well, but fine enough for how long a fan-out takes.
    clock: () => performance.timeOrigin + performance.now(),
    encode: encodeEvent,
    onEvent: metrics.onBroker,
  });
  const ticking = events.start();
  return {
    hubs: events,
    publisher: events,
    tickets: createInProcessTickets({ clock: Date.now }),
    settings,
    metrics,
    async [Symbol.asyncDispose]() {
      ticking[Symbol.dispose]();
      await events[Symbol.asyncDispose]();
    },
  };
}
