import { createRedisTickets } from "@leftrail/auth";
import { createRedisHubs } from "@leftrail/event-broker";
import type { Logger, openRedis } from "@leftrail/service";
import type { Registry } from "prom-client";
import { createStreamMetrics } from "../metrics/stream-metrics.ts";
import { encodeEvent } from "./sse-encoder.ts";
import type { Streaming } from "./streaming.ts";
import type { StreamSettings } from "./streams.ts";

type Redis = ReturnType<typeof openRedis>;

/** Streams of events that come through Redis, as all instances have them. Registers its metrics. */
export function startRedisStreaming({
  redis,
  subscriber,
  settings,
  registry,
  logger,
}: {
  /** A client whose commands fail, within about a second, instead of waiting. */
  readonly redis: Redis;
  /** A second one, for nothing else. */
  readonly subscriber: Redis;
  readonly settings: StreamSettings;
  readonly registry: Registry;
  readonly logger: Pick<Logger, "info" | "warn" | "debug">;
}): Streaming & AsyncDisposable {
  const metrics = createStreamMetrics(registry);
  const hubs = createRedisHubs({
    redis,
    subscriber,
    clock: () => performance.now(),
    encode: encodeEvent,
    onEvent: (event) => {
      metrics.onBroker(event);
      if (event.kind === "failed") logger.debug({ err: event.error }, "the event broker failed");
      else if (event.kind === "state" && !event.isLive) logger.warn("events arrive later, if at all");
      else if (event.kind === "state") logger.info("events arrive at once");
    },
  });
  const ticking = hubs.start();
  return {
    hubs,
    tickets: createRedisTickets({ redis, clock: Date.now }),
    settings,
    metrics,
    async [Symbol.asyncDispose]() {
      ticking[Symbol.dispose]();
      await hubs[Symbol.asyncDispose]();
    },
  };
}
