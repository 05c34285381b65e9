import { randomBytes } from "node:crypto";
import { epochKey, epochTtlSeconds, type Scope } from "@leftrail/cache-keys";
import type { Redis } from "ioredis";

/** What stands under the key, and the epochs of the scopes; one that is not there is made. In one round trip where all are. */
export async function readWithEpochs(
  redis: Redis,
  key: string | null,
  scopes: readonly Scope[],
): Promise<{ readonly value: Buffer | null; readonly epochs: readonly string[] }> {
  // One write to the socket: that costs more than the commands.
  const pipeline = redis.pipeline();
  if (key !== null) pipeline.getBuffer(key);
  for (const scope of scopes) {
    const ttlSeconds = epochTtlSeconds(scope);
    if (ttlSeconds === null) pipeline.get(epochKey(scope));
    else pipeline.getex(epochKey(scope), "EX", ttlSeconds);
  }
  const replies = ((await pipeline.exec()) ?? []).map(([error, reply]) => replyOf(error, reply));
  const value = key === null ? null : replies[0];
  const found = key === null ? replies : replies.slice(1);
  const isMissing = found.some((epoch) => typeof epoch !== "string");
  const epochs = isMissing
    ? await Promise.all(scopes.map(async (scope, at) => textOr(found[at], () => makeEpoch(redis, scope))))
    : found.map(String);
  return { value: Buffer.isBuffer(value) ? value : null, epochs };
}

const textOr = (value: unknown, make: () => Promise<string>): string | Promise<string> =>
  typeof value === "string" ? value : make();

/** What is not of the type that was asked for is as good as not there. */
function replyOf(error: Error | null, reply: unknown): unknown {
  if (error === null) return reply;
  if (isOfAnotherType(error)) return null;
  throw error;
}

const isOfAnotherType = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("WRONGTYPE");

/** Of several who make one at the same time, all get the first one's. */
async function makeEpoch(redis: Redis, scope: Scope): Promise<string> {
  const minted = randomBytes(9).toString("base64url");
  const key = epochKey(scope);
  if ((await setEpoch(redis, scope, minted, "NX")) === "OK") return minted;
  const theirs = await redis.get(key).catch((error: unknown) => {
    if (isOfAnotherType(error)) return null;
    throw error;
  });
  if (theirs !== null) return theirs;
  await setEpoch(redis, scope, minted);
  return minted;
}

function setEpoch(redis: Redis, scope: Scope, epoch: string, only?: "NX"): Promise<string | null> {
  const key = epochKey(scope);
  const ttlSeconds = epochTtlSeconds(scope);
  if (ttlSeconds === null) return only === undefined ? redis.set(key, epoch) : redis.set(key, epoch, only);
  return only === undefined
    ? redis.set(key, epoch, "EX", ttlSeconds)
    : redis.set(key, epoch, "EX", ttlSeconds, only);
}
