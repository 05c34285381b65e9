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

  const say = async (id: string, number: number, said: Said): Promise<void> => {
    const fields = encodeMessage({ session: id, number, ...said });
    await redis.xadd(changesStreamKey, "MAXLEN", "~", streamEntriesMax, "*", ...fields);
  };

  const mark = (id: string, number: number): Promise<string | null> =>
    redis.set(relayMarkKey, `${id}:${number}`, "GET");

  /** Nobody goes on from what was known before: everybody's epoch of all is another. */
  async function begin(): Promise<Session> {
    const id = mintToken();
    await replaceEpoch(redis, allScope);
    // Whatever somebody else put in their place is not worth more than the changes.
    await redis.del(relayMarkKey);
    if (!["stream", "none"].includes(await redis.type(changesStreamKey))) await redis.del(changesStreamKey);
    await say(id, 0, { kind: "begin" });
    await mark(id, 0);
    return { id, number: 0 };
  }

  /** Within a session, which ends with the first failure: what did arrive of it is not known. */
  async function inSession(work: (session: Session) => Promise<void>): Promise<void> {
    const lostBefore = connectionsLost;
    const current = session ?? (await begin());
    session = undefined;
    await work(current);
    if (connectionsLost === lostBefore) session = current;
  }

  return {
    now: async () => millisecondsOf(await redis.time()),

    publish: ({ scopes, ageMs }) =>
      inSession(async (current) => {
        const nowMs = millisecondsOf(await redis.time());
        // One connection keeps the order: whoever hears of a change finds its epoch replaced.
        const replaced = scopes.map((scope) => replaceEpoch(redis, scope));
        const number = current.number + 1;
        const said = say(current.id, number, {
          kind: "change",
          writtenMs: Math.max(0, nowMs - ageMs),
          scopes,
        });
        await Promise.all([...replaced, said]);
        if ((await mark(current.id, number)) !== `${current.id}:${current.number}`) throw anotherRedis();
        current.number = number;
      }),

    beat: (provenMs) =>
      inSession(async (current) => {
        // Behind a proxy a Redis can be exchanged without a connection being lost; its mark is then another.
        const { id } = current;
        const number = current.number + 1;
        if ((await mark(id, number)) !== `${id}:${current.number}`) {
          throw anotherRedis();
        }
        await say(id, number, { kind: "beat", provenMs });
        current.number = number;
      }),
  };
}

async function replaceEpoch(redis: Redis, scope: Scope): Promise<void> {
  const ttlSeconds = epochTtlSeconds(scope);
  if (ttlSeconds === null) await redis.set(epochKey(scope), mintToken());
  else await redis.set(epochKey(scope), mintToken(), "EX", ttlSeconds);
}

const anotherRedis = (): Error => new Error("this Redis is not as the relay left it");

/** What a relay says over one connection without a failure, and the number of what it said last. */
interface Session {
  readonly id: string;
  number: number;
}

/** Opaque and never the same twice. */
const mintToken = (): string => randomBytes(9).toString("base64url");
