import { createRelay, type ChangeBus, type RelayEvent } from "@leftrail/changes";
import type { EventPublisher } from "@leftrail/event-broker";
import type { Logger } from "@leftrail/service";
import type { Store } from "@leftrail/store";
import type { Registry } from "prom-client";
import { announceChanges } from "./announce-changes.ts";
import { createRelayMetrics } from "./relay-metrics.ts";

/** Carries what is committed to `bus` for as long as this process leads; all of them may, one does. */
export function startRelay(options: {
  readonly store: Pick<Store, "outbox">;
  readonly bus: ChangeBus;
  /** Where organizations are told what changed for them. */
  readonly events: EventPublisher;
  readonly registry: Registry;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly clock: () => number;
  /** Told of everything too, for whatever else the leader does. */
  readonly onEvent?: (event: RelayEvent) => void;
}): AsyncDisposable {
  const { store, bus, events, registry, logger, clock, onEvent } = options;
  const count = createRelayMetrics(registry);
  const log = createRelayLog(logger);
  return createRelay({
    outbox: store.outbox,
    bus,
    clock,
    chores: [announceChanges({ events, clock: Date.now, logger })],
    onEvent: (event) => {
      count(event);
      log(event);
      onEvent?.(event);
    },
  }).start();
}

/** One line when it begins to fail and one when it goes on, not one a pass. */
function createRelayLog(logger: Pick<Logger, "info" | "warn">): (event: RelayEvent) => void {
  let isFailing = false;
  return (event) => {
    if (event.kind === "leading") logger.info("relays the outbox");
    if (event.kind === "failed" && !isFailing) {
      logger.warn({ err: event.error, where: event.where }, "changes can't be relayed");
      isFailing = true;
    }
    if (event.kind === "beat" && isFailing) {
      logger.info("changes are relayed again");
      isFailing = false;
    }
  };
}
