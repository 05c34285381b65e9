import { randomBytes } from "node:crypto";
import {
  allScope,
  changesStreamKey,
  epochKey,
  epochTtlSeconds,
  relayMarkKey,
  type Scope,
} from "@leftrail/cache-keys";
import type { Redis } from "ioredis";
import { encodeMessage, type Said } from "./messages.ts";
import type { RelayMark } from "@leftrail/store";
import type { ChangeBus } from "./ports.ts";
import { millisecondsOf } from "./redis-clock.ts";

/** Entries that the stream keeps, about: a quarter of an hour of beats. */
const streamEntriesMax = 10_000;

/**
 * The bus on Redis: epochs are keys, what is said is a stream. One relay at a time writes, over a
 * client whose commands fail instead of waiting for a connection.
 */
export function createRedisBus(redis: Redis): ChangeBus {
  let session: Session | undefined;
  let connectionsLost = 0;
  redis.on("close", () => {
    // The next connection may be to a Redis that lost something, or to another one.
    session = undefined;
    connectionsLost++;
  });

  const say = async ({ id, number }: Session, said: Said): Promise<void> => {
    const fields = encodeMessage({ session: id, number, ...said });
    await redis.xadd(changesStreamKey, "MAXLEN", "~", streamEntriesMax, "*", ...fields);
  };

  /** Behind a proxy a Redis can be exchanged without a connection being lost; its mark is then another. */
  async function advance(current: Session): Promise<void> {
    const { id, number: last } = current;
    current.number++;
    if ((await redis.set(relayMarkKey, `${id}:${current.number}`, "GET")) !== `${id}:${last}`) {
      throw new Error("this Redis is not as the relay left it");
    }
  }

  /** Nobody goes on from what was known before: everybody's epoch of all is another. */
  async function begin(): Promise<Session> {
    const first: Session = { id: mintToken(), number: 0 };
    await replaceEpoch(redis, allScope);
    // Whatever somebody else put in their place is not worth more than the changes.
    await redis.del(relayMarkKey);
    if (!["stream", "none"].includes(await redis.type(changesStreamKey))) await redis.del(changesStreamKey);
    await say(first, { kind: "begin" });
    await redis.set(relayMarkKey, `${first.id}:0`);
    return first;
  }

  /** Within a session, which ends with the first failure: what did arrive of it is not known. */
  async function inSession(work: (session: Session) => Promise<void>): Promise<RelayMark> {
    const lostBefore = connectionsLost;
    const current = session ?? (await begin());
    session = undefined;
    await work(current);
    if (connectionsLost === lostBefore) session = current;
    return { session: current.id, number: current.number };
  }

  return {
    now: async () => millisecondsOf(await redis.time()),

    restart: () => void (session = undefined),

    publish: ({ scopes, ageMs }) =>
      inSession(async (current) => {
        const [time] = await Promise.all([redis.time(), advance(current)]);
        const writtenMs = Math.max(0, millisecondsOf(time) - ageMs);
        // One connection keeps the order: whoever hears of a change finds its epoch replaced.
        const replaced = scopes.map((scope) => replaceEpoch(redis, scope));
        await Promise.all([...replaced, say(current, { kind: "change", writtenMs, scopes })]);
      }),

    beat: (provenMs) =>
      inSession(async (current) => {
        await advance(current);
        await say(current, { kind: "beat", provenMs });
      }),
  };
}

async function replaceEpoch(redis: Redis, scope: Scope): Promise<void> {
  const ttlSeconds = epochTtlSeconds(scope);
  if (ttlSeconds === null) await redis.set(epochKey(scope), mintToken());
  else await redis.set(epochKey(scope), mintToken(), "EX", ttlSeconds);
}

/** What a relay says over one connection without a failure, and the number of what it said last. */
interface Session {
  readonly id: string;
  number: number;
}

/** Opaque and never the same twice. */
const mintToken = (): string => randomBytes(9).toString("base64url");
