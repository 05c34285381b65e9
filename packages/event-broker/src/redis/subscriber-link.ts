import type { Redis } from "ioredis";
import { pingIntervalMs, pongTicksMin, pongTimeoutMs } from "../limits.ts";

/** The connection that subscribes. It does not notice by itself that nobody is at its other end. */
export interface SubscriberLink extends Disposable {
  /** Undefined while there is none; another number for each one. */
  readonly connection: number | undefined;
  /** Resolves when the subscriptions are in force. */
  subscribe(channels: readonly string[]): Promise<void>;
  /** As well as it can be done: what comes all the same is nobody's. */
  unsubscribe(channels: readonly string[]): void;
  /** Pings a silent connection, and cuts one that is silent all the same. */
  tick(nowMs: number): void;
}

export interface SubscriberLinkOptions {
  /** Used by nobody else. */
  readonly subscriber: Redis;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  readonly onConnected: () => void;
  readonly onLost: () => void;
  readonly onMessage: (channel: string, text: string) => void;
}

export function createSubscriberLink(options: SubscriberLinkOptions): SubscriberLink {
  const { subscriber, clock, onConnected, onLost, onMessage } = options;
  // Its own subscribing anew would be a promise that nobody holds: rejected, it would end the process.
  subscriber.options.autoResubscribe = false;
  let connections = 0;
  let connection: number | undefined;
  let heardAtMs = clock();
  let ping: { readonly sentAtMs: number; ticks: number } | undefined;

  const connected = (): void => {
    connection = ++connections;
    heardAtMs = clock();
    ping = undefined;
    onConnected();
  };
  const lost = (): void => {
    ping = undefined;
    if (connection === undefined) return;
    connection = undefined;
    onLost();
  };
  const heard = (channel: string, text: string): void => {
    heardAtMs = clock();
    ping = undefined;
    onMessage(channel, text);
  };
  subscriber.on("ready", connected).on("close", lost).on("message", heard);
  if (subscriber.status === "ready") connection = ++connections;

  async function sendPing(nowMs: number): Promise<void> {
    const sent = { sentAtMs: nowMs, ticks: 0 };
    ping = sent;
    try {
      await subscriber.ping();
    } catch {
      // No pong either way; whoever counts the time cuts the connection.
      return;
    }
    heardAtMs = clock();
    if (ping === sent) ping = undefined;
  }

  return {
    get connection() {
      return connection;
    },
    async subscribe(channels) {
      await subscriber.subscribe(...channels);
    },
    unsubscribe(channels) {
      subscriber.unsubscribe(...channels).catch(() => undefined);
    },
    tick(nowMs) {
      if (connection === undefined) return;
      if (ping === undefined) {
        if (nowMs - heardAtMs >= pingIntervalMs) void sendPing(nowMs);
        return;
      }
      ping.ticks++;
      if (ping.ticks < pongTicksMin || nowMs - ping.sentAtMs < pongTimeoutMs) return;
      lost();
      subscriber.disconnect(true);
    },
    [Symbol.dispose]() {
      subscriber.off("ready", connected).off("close", lost).off("message", heard);
    },
  };
}
