import type { BrokerEvent, EventHubs } from "@leftrail/event-broker";
import { metricPrefix } from "@leftrail/service";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { LaterReason } from "../stream/later.ts";
import type { StreamEvent, Streams } from "../stream/streams.ts";

const fanOutBucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5];
const historyReadBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** What an operator must know of streams; takes the events of both sides. */
export interface StreamMetrics {
  readonly onBroker: (event: BrokerEvent) => void;
  readonly onStream: (event: StreamEvent) => void;
  /** A stream that told to come back later. */
  readonly onRefused: (reason: LaterReason) => void;
}

export function createStreamMetrics(registry: Registry): StreamMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name: `${metricPrefix}stream_${name}`, help, registers });
  const countBy = (name: string, help: string) =>
    new Counter({ name: `${metricPrefix}stream_${name}`, help, labelNames: ["reason"], registers });

  const opened = counter("opened_total", "Streams opened.");
  const ended = countBy(
    "ended_total",
    "Streams that are over, by reason; slow: cut off, for its reader took less than came.",
  );
  const refused = countBy(
    "refused_total",
    "Streams that were told to come back later, by reason: draining, full, unavailable or gone.",
  );
  const replayed = counter("replayed_events_total", "Events sent again to clients that came back.");
  const gaps = countBy("gaps_total", "Clients told that events are missing, by reason: expired or unknown.");
  const failures = counter("broker_failures_total", "What the broker tried in vain.");
  const fanOutSeconds = new Histogram({
    name: `${metricPrefix}stream_fan_out_seconds`,
    help: "From an event's arrival until it was written to each of its readers here.",
    buckets: fanOutBucketsSeconds,
    registers,
  });
  const historyReadSeconds = new Histogram({
    name: `${metricPrefix}stream_history_read_seconds`,
    help: "Seconds that reading an organization's history took.",
    buckets: historyReadBucketsSeconds,
    registers,
  });

  return {
    onStream(event) {
      if (event.kind === "opened") opened.inc();
      else ended.inc({ reason: event.reason });
    },
    onRefused: (reason) => refused.inc({ reason }),
    onBroker(event) {
      switch (event.kind) {
        case "received":
          fanOutSeconds.observe(event.fanOutMs / 1000);
          return;
        case "history_read":
          historyReadSeconds.observe(event.durationMs / 1000);
          return;
        case "replayed":
          replayed.inc(event.events);
          return;
        case "gap":
          gaps.inc({ reason: event.reason }, event.subscribers);
          return;
        case "failed":
          failures.inc();
          return;
        // Asked of the hubs when somebody looks.
        case "state":
        // Those who publish count them.
        case "published":
        case "repeated":
        case "publish_failed":
          return;
        default: {
          const unhandled: never = event;
          throw new TypeError(`unhandled event ${JSON.stringify(unhandled)}`);
        }
      }
    },
  };
}

/** The state of all streams, asked when somebody looks. */
export function showStreams(
  registry: Registry,
  { streams, hubs }: { readonly streams: Streams; readonly hubs: EventHubs<unknown> },
): void {
  const open = new Gauge({
    name: `${metricPrefix}stream_connections`,
    help: "Open streams, by state: waiting (no history yet), replaying (not at the newest event), live, ending.",
    labelNames: ["state"],
    registers: [],
    collect() {
      const counts = { waiting: 0, replaying: 0, live: 0, ending: streams.endingCount };
      for (const { state } of streams.connections) counts[state]++;
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
    },
  });
  registry.registerMetric(open);
  const show = (name: string, help: string, value: () => number): void => {
    const gauge = new Gauge({
      name: `${metricPrefix}stream_${name}`,
      help,
      registers: [],
      collect() {
        this.set(value());
      },
    });
    registry.registerMetric(gauge);
  };
  show("queued_bytes", "Bytes that wait for slow readers.", () => {
    let bytes = 0;
    for (const { queuedBytes } of streams.connections) bytes += queuedBytes;
    return bytes;
  });
  show("hubs", "Organizations whose events this process follows.", () => hubs.hubCount);
  show("broker_live", "1 while events arrive at once, 0 while they arrive later.", () =>
    hubs.isLive ? 1 : 0,
  );
  const sent = new Counter({
    name: `${metricPrefix}stream_events_sent_total`,
    help: "Events written to streams, each reader's counted.",
    registers: [],
    collect() {
      this.reset();
      this.inc(streams.sentEvents);
    },
  });
  registry.registerMetric(sent);
}
