import type { StreamTickets } from "@leftrail/auth";
import type { EventHubs } from "@leftrail/event-broker";
import type { StreamMetrics } from "../metrics/stream-metrics.ts";
import type { Frame } from "./frame.ts";
import type { StreamSettings } from "./streams.ts";

/** What streams live on, wherever their events come from. */
export interface Streaming {
  readonly hubs: EventHubs<Frame>;
  readonly tickets: StreamTickets;
  readonly settings: StreamSettings;
  readonly metrics: StreamMetrics;
}
