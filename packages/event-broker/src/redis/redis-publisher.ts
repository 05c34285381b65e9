import { createHash } from "node:crypto";
import { eventChannel, eventHeadKey, eventIdKey, eventLogKey } from "@leftrail/cache-keys";
import { ProblemError } from "@leftrail/contract";
import type { Redis } from "ioredis";
import { composeBody } from "../envelope.ts";
import { parsePoint } from "../event-id.ts";
import {
  entriesTrimmedMax,
  eventKeyTtlMs,
  headTtlMs,
  historyLimits,
  historySlackMs,
  retryAfterSeconds,
  type HistoryLimits,
} from "../limits.ts";
import type { BrokerEvent, EventPublisher, NewEvent } from "../ports.ts";
import { createGreatestEpoch } from "./greatest-epoch.ts";
import { isList } from "./logged-event.ts";
import { publishScript } from "./scripts.ts";

export interface RedisPublisherOptions {
  /** A client whose commands fail instead of waiting, for a connection or for longer than a second. */
  readonly redis: Redis;
  /** Called synchronously; must be quick and must not throw. */
  readonly onEvent?: (event: BrokerEvent) => void;
  readonly limits?: HistoryLimits;
}

/** Publishes through Redis: one script for each event, all of it or nothing. */
export function createRedisPublisher(options: RedisPublisherOptions): EventPublisher {
  const { redis, onEvent = () => {}, limits = historyLimits } = options;
  const epochs = createGreatestEpoch();

  async function append(
    organizationId: string,
    event: NewEvent,
    onlyIfOpen: boolean,
  ): Promise<Appended | undefined> {
    const body = composeBody(organizationId, event);
    const keys = [eventHeadKey(organizationId), eventLogKey(organizationId)];
    if (event.eventKey !== undefined) keys.push(eventIdKey(organizationId, digestOf(event.eventKey)));
    const reply = await publishScript
      .run(redis, keys, [
        eventChannel(organizationId),
        epochs.next,
        onlyIfOpen ? 1 : 0,
        event.type,
        body.text,
        limits.eventsMax,
        limits.ageMaxMs,
        limits.bytesMax,
        limits.ageMaxMs + historySlackMs,
        headTtlMs,
        eventKeyTtlMs,
        entriesTrimmedMax,
      ])
      .catch(refuse);
    return reply === null
      ? undefined
      : (toAppended(reply) ?? refuse(new Error("Redis's answer is no event's id")));
  }

  function refuse(cause: unknown): never {
    onEvent({ kind: "publish_failed" });
    throw new ProblemError("unavailable", "Events can't be taken at the moment.", {
      retryAfterSeconds,
      cause,
    });
  }

  function count({ id, epoch, isRepeated }: Appended): { readonly id: string } {
    epochs.see(epoch);
    onEvent({ kind: isRepeated ? "repeated" : "published" });
    return { id };
  }

  return {
    async publish(organizationId, event) {
      const appended = await append(organizationId, event, false);
      return count(appended ?? refuse(new Error("Redis did nothing")));
    },

    async publishIfOpen(organizationId, event) {
      const appended = await append(organizationId, event, true);
      return appended && count(appended);
    },
  };
}

interface Appended {
  readonly id: string;
  readonly epoch: number;
  readonly isRepeated: boolean;
}

function toAppended(reply: unknown): Appended | undefined {
  const [id, repeated] = isList(reply) ? reply : [];
  const point = typeof id === "string" ? parsePoint(id) : undefined;
  if (typeof id !== "string" || point === undefined) return undefined;
  return { id, epoch: point.epoch, isRepeated: repeated === 1 };
}

/** Keys are of any length and letters; in Redis they are short. */
const digestOf = (eventKey: string): string => createHash("sha256").update(eventKey).digest("base64url");
