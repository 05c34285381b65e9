import { Redis } from "ioredis";
import type { Logger } from "./logger.ts";

/** A connection that is silent for so long while an answer is due is given up for a new one. */
const socketTimeoutMs = 2_000;
const connectTimeoutMs = 2_000;
const reconnectDelayMaxMs = 1_000;

export interface RedisOptions {
  readonly url: string;
  /** Shows in CLIENT LIST. */
  readonly name: string;
  /** A command that waited longer counts as failed, though it may still take effect. Unset: the caller sees to it. */
  readonly commandTimeoutMs?: number;
  readonly logger: Pick<Logger, "info" | "warn">;
}

/**
 * A client that never makes a caller wait for a connection: without one, commands fail at once, and none
 * is sent a second time. Losing Redis and having it back is logged once each.
 */
export function openRedis({ url, name, commandTimeoutMs, logger }: RedisOptions): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    socketTimeout: socketTimeoutMs,
    connectTimeout: connectTimeoutMs,
    retryStrategy: (attempt) => Math.min(50 * attempt, reconnectDelayMaxMs) * (0.5 + Math.random() / 2),
    // After a failover the old primary refuses to write: its successor is behind a new connection.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
    ...(commandTimeoutMs === undefined ? {} : { commandTimeout: commandTimeoutMs }),
  });
  let isDown = false;
  redis.on("error", (err) => {
    if (!isDown) logger.warn({ err }, "Redis is out of reach");
    isDown = true;
  });
  redis.on("ready", () => {
    if (isDown) logger.info("Redis is back");
    isDown = false;
  });
  return redis;
}

/** At once: whatever waits for an answer fails. */
export const closeRedis = (redis: Redis): void => redis.disconnect();
