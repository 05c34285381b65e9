import { eventHeadKey, eventLogKey } from "@leftrail/cache-keys";
import type { Redis } from "ioredis";
import { parsePoint, type Point } from "../event-id.ts";
import { headTtlMs } from "../limits.ts";
import { decodeEntry, isList, type LoggedEvent } from "./logged-event.ts";
import { incarnationScript, readScript } from "./scripts.ts";

/** What Redis has of an organization at one moment. */
export interface HistoryReading {
  readonly head: Point;
  /** The moment, by Redis's clock in milliseconds. */
  readonly nowMs: number;
  /** All after the point that was asked for, but those that are not ours. */
  readonly entries: readonly LoggedEvent[];
}

/**
 * Reads what comes after a point, or all. The head is made where there is none; one that is lower than the
 * point is followed by a new epoch. Rejects when Redis gives no answer.
 */
export async function readHistory(
  redis: Redis,
  organizationId: string,
  after: Point | undefined,
  atLeastEpoch: number,
): Promise<HistoryReading> {
  const { epoch, seq } = after ?? { epoch: 0, seq: 0 };
  const keys = [eventHeadKey(organizationId), eventLogKey(organizationId)];
  const reply = await readScript.run(redis, keys, [atLeastEpoch, epoch, seq, headTtlMs]);
  const [headId, nowMs, entries] = isList(reply) ? reply : [];
  const head = typeof headId === "string" ? parsePoint(headId) : undefined;
  if (head === undefined || !isList(entries)) throw new Error("Redis's answer is no history");
  return {
    head,
    nowMs: Number(nowMs),
    entries: entries.flatMap((entry) => decodeEntry(entry) ?? []),
  };
}

/**
 * The ids of heads, in two round trips; undefined for one that is not there, is none, or is of another
 * incarnation of the server. Rejects when one can't be had.
 */
export async function readHeads(
  redis: Redis,
  organizationIds: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const pipeline = redis.pipeline();
  for (const organizationId of organizationIds)
    pipeline.hmget(eventHeadKey(organizationId), "epoch", "seq", "incarnation");
  const replies = (await pipeline.exec()) ?? [];
  // What Redis says of one key is that hub's affair; anything else is everybody's.
  const failure = replies.find(([error]) => error !== null && error.name !== "ReplyError")?.[0];
  if (failure) throw failure;
  // Asked for after the heads: the other way round a head of before a restart could pass for one of after it.
  const current = await incarnationScript.run(redis, [], []);
  return organizationIds.map((_, at) => {
    const [, reply] = replies[at] ?? [];
    const [epoch, seq, incarnation] = isList(reply) ? reply : [];
    if (typeof epoch !== "string" || typeof seq !== "string" || incarnation !== current) return undefined;
    return `${epoch}-${seq}`;
  });
}

/** Lets heads stay for another day, for somebody looks at them. */
export async function keepHeads(redis: Redis, organizationIds: readonly string[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const organizationId of organizationIds) pipeline.pexpire(eventHeadKey(organizationId), headTtlMs);
  await pipeline.exec();
}
