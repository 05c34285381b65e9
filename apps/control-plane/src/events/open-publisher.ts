import {
  createInProcessEvents,
  createRedisPublisher,
  type BrokerEvent,
  type EventPublisher,
  type RedisPublisherOptions,
} from "@leftrail/event-broker";

/**
 * The publisher of a process on its own. Without Redis it answers as always, though nobody can listen.
 * What it opens is added to `resources`.
 */
export function openPublisher(
  redis: RedisPublisherOptions["redis"] | undefined,
  onEvent: (event: BrokerEvent) => void,
  resources: AsyncDisposableStack,
): EventPublisher {
  if (redis !== undefined) return createRedisPublisher({ redis, onEvent });
  const events = resources.use(createInProcessEvents({ clock: Date.now, encode: () => undefined, onEvent }));
  resources.use(events.start());
  return events;
}
