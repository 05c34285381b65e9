import { eventChannel } from "@leftrail/cache-keys";
import { hubLingerMs } from "../limits.ts";
import type { OrganizationHub } from "./organization-hub.ts";

/** A hub with what its keeper must know of it. Moments are of the monotonic clock, in milliseconds. */
export interface WatchedHub<Frame> {
  readonly hub: OrganizationHub<Frame>;
  /** The connection on which its channel is subscribed. */
  subscribedOn: number | undefined;
  /** When it was last known to stand at the head. */
  heardAtMs: number;
  /** When its head in Redis was last told to stay. */
  keptAtMs: number;
  /** Before this moment it is not read again. */
  retryAtMs: number;
  /** Since when it has no subscribers. */
  idleSinceMs: number | undefined;
  /** While it is being brought to the head. */
  advancing: Promise<void> | undefined;
}

/** The hubs of a process, by their channels. */
export interface WatchedHubs<Frame> extends Iterable<WatchedHub<Frame>> {
  readonly size: number;
  find(channel: string): WatchedHub<Frame> | undefined;
  findOrMake(organizationId: string): WatchedHub<Frame>;
  has(watched: WatchedHub<Frame>): boolean;
  /** Takes away, and answers, those that had no subscribers for too long. */
  removeIdle(nowMs: number): readonly WatchedHub<Frame>[];
  clear(): void;
}

export function createWatchedHubs<Frame>(
  clock: () => number,
  make: (organizationId: string, channel: string) => OrganizationHub<Frame>,
): WatchedHubs<Frame> {
  const byChannel = new Map<string, WatchedHub<Frame>>();

  function isIdle(watched: WatchedHub<Frame>, nowMs: number): boolean {
    watched.idleSinceMs = watched.hub.subscriberCount > 0 ? undefined : (watched.idleSinceMs ?? nowMs);
    return (
      watched.idleSinceMs !== undefined &&
      nowMs - watched.idleSinceMs >= hubLingerMs &&
      watched.advancing === undefined
    );
  }

  return {
    get size() {
      return byChannel.size;
    },
    [Symbol.iterator]: () => byChannel.values(),
    find: (channel) => byChannel.get(channel),
    has: (watched) => byChannel.get(watched.hub.channel) === watched,
    findOrMake(organizationId) {
      const channel = eventChannel(organizationId);
      const found = byChannel.get(channel);
      if (found !== undefined) return found;
      const nowMs = clock();
      const made: WatchedHub<Frame> = {
        hub: make(organizationId, channel),
        subscribedOn: undefined,
        heardAtMs: nowMs,
        keptAtMs: nowMs,
        retryAtMs: Number.NEGATIVE_INFINITY,
        idleSinceMs: undefined,
        advancing: undefined,
      };
      byChannel.set(channel, made);
      return made;
    },
    removeIdle(nowMs) {
      const idle = [...byChannel.values()].filter((watched) => isIdle(watched, nowMs));
      for (const { hub } of idle) {
        byChannel.delete(hub.channel);
        hub.release();
      }
      return idle;
    },
    clear() {
      for (const { hub } of byChannel.values()) hub.release();
      byChannel.clear();
    },
  };
}
