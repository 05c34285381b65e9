import type { BrokerEvent, EventPublisher } from "@leftrail/event-broker";
import { metricPrefix } from "@leftrail/service";
import { Counter, Histogram, type Registry } from "prom-client";

const durationBucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** What an operator must know of publishing. */
export interface EventMetrics {
  /** The same publisher, counted and timed. */
  measured(events: EventPublisher): EventPublisher;
  /** Takes what the publisher itself tells. */
  readonly count: (event: BrokerEvent) => void;
}

export function createEventMetrics(registry: Registry, clock: () => number): EventMetrics {
  const registers = [registry];
  const published = new Counter({
    name: `${metricPrefix}events_published_total`,
    help: "Events by type and outcome: published, not_open (nobody opened the stream within a day), failed.",
    labelNames: ["type", "outcome"],
    registers,
  });
  const repeated = new Counter({
    name: `${metricPrefix}events_repeated_total`,
    help: "Events whose key was known, so that the first one's id was answered; among the published ones.",
    registers,
  });
  const durationSeconds = new Histogram({
    name: `${metricPrefix}event_publish_duration_seconds`,
    help: "Seconds until an event was published, or could not be.",
    buckets: durationBucketsSeconds,
    registers,
  });

  async function measure<T>(type: string, publish: () => Promise<T>): Promise<T> {
    const startMs = clock();
    let outcome = "failed";
    try {
      const answer = await publish();
      outcome = answer === undefined ? "not_open" : "published";
      return answer;
    } finally {
      published.inc({ type, outcome });
      if (outcome !== "not_open") durationSeconds.observe((clock() - startMs) / 1000);
    }
  }

  return {
    measured: (events) => ({
      publish: (organizationId, event) => measure(event.type, () => events.publish(organizationId, event)),
      publishIfOpen: (organizationId, event) =>
        measure(event.type, () => events.publishIfOpen(organizationId, event)),
    }),
    count: ({ kind }) => {
      if (kind === "repeated") repeated.inc();
    },
  };
}
