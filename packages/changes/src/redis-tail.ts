import { setTimeout as sleep } from "node:timers/promises";
import { changesStreamKey } from "@leftrail/cache-keys";
import type { RelayMark } from "@leftrail/store";
import type { Redis } from "ioredis";
import { decodeMessage, type Message } from "./messages.ts";
import type { ChangeListener } from "./ports.ts";
import { millisecondsOf, redisClockStepMs } from "./redis-clock.ts";

/** How often the stream is asked for what is new: beats are 100 ms apart, and changes come between. */
const tailIntervalMs = 25;
/** Redis that has not answered for so long does not count as answering. */
const answerTimeoutMs = 100;
/** How much less than the local clock Redis's may have advanced between two answers. */
const clockDriftMsMax = 20;
/** Entries read at once. */
const entriesPerPollMax = 500;
/** After so long without a word from the relay, its silence is looked into: its proof counts no longer. */
const silenceMaxMs = 300;

/** What an operator counts. */
export type TailEvent =
  /** `lagMs`: from the writing of the oldest row to hearing of it, by Redis's clock. */
  | { readonly kind: "change"; readonly scopes: number; readonly lagMs: number }
  /** What was known is void: something was missed, or a relay began. */
  | { readonly kind: "gap"; readonly reason: "connected" | "session" | "missing" | "foreign" }
  | { readonly kind: "failed"; readonly error: unknown };

/**
 * An instance's view of what the relay says. The polls go over the connection of the reads: so both
 * see one server, and whatever a read saw before a poll, the poll's messages come after.
 */
export interface RedisTail {
  /** The moment of the local clock before which every commit has been heard here; -Infinity: none yet. */
  provenAtMs(): number;
  /** Whether everything said up to the mark has been heard here, or was before this instance began to listen. */
  hasHeard(mark: RelayMark): boolean;
  /** Whether what Redis says counts: it answers, and the relay was heard since the connection was made. */
  isTrusted(localMs: number): boolean;
  /** When Redis last answered a poll; -Infinity: never. */
  answeredAtMs(): number;
  /** Redis's clock at a local moment, in milliseconds; it lies between the two. Undefined before the first poll. */
  sharedTime(localMs: number): { readonly earliestMs: number; readonly latestMs: number } | undefined;
  /** Asks once; never rejects. True when there is more to read at once. */
  poll(): Promise<boolean>;
  /** Asks again and again until disposed of. */
  start(): Disposable;
}

export interface RedisTailOptions {
  readonly redis: Redis;
  readonly listener: ChangeListener;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** Called synchronously; must be quick and must not throw. */
  readonly onEvent?: (event: TailEvent) => void;
}

/** Where this instance stands in the stream. */
interface Position {
  readonly entryId: string;
  readonly session: string | undefined;
  readonly number: number;
}

/** Both readings of one exchange: Redis's clock showed `sharedMs` between the two local moments. */
interface ClockReading {
  readonly sharedMs: number;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

export function createRedisTail({ redis, listener, clock, onEvent = () => {} }: RedisTailOptions): RedisTail {
  let connection = 0;
  let readyAtMs = redis.status === "ready" ? clock() : Number.POSITIVE_INFINITY;
  let position: Position | undefined;
  /** The last position, also when it is lost: what was heard stays heard. */
  let heard: Position | undefined;
  let reading: ClockReading | undefined;
  let provenAtMs = Number.NEGATIVE_INFINITY;
  let askedAtMs: number | undefined;
  let heardAtMs = clock();

  redis.on("ready", () => (readyAtMs = clock()));
  redis.on("close", () => {
    connection++;
    readyAtMs = Number.POSITIVE_INFINITY;
    position = undefined;
    askedAtMs = undefined;
  });

  function lose(reason: (TailEvent & { kind: "gap" })["reason"]): void {
    listener.forgetAll();
    onEvent({ kind: "gap", reason });
  }

  /** What came before counts as missed. */
  function anchor(newest: Entry | undefined): void {
    const message = newest === undefined ? undefined : decodeMessage(newest.fields);
    heard = position = {
      entryId: newest?.id ?? "0-0",
      session: message?.session,
      number: message?.number ?? 0,
    };
    lose("connected");
  }

  function hear({ id, fields }: Entry, at: ClockReading): void {
    const before = position;
    const message = decodeMessage(fields);
    heard = position = { entryId: id, session: message?.session, number: message?.number ?? 0 };
    heardAtMs = at.answeredAtMs;
    if (message === undefined) return lose("foreign");
    if (message.session !== before?.session) lose("session");
    else if (message.number !== before.number + 1) lose("missing");
    return act(message, at);
  }

  function act(message: Message, { sharedMs, askedAtMs: localMs }: ClockReading): void {
    switch (message.kind) {
      case "begin":
        return;
      case "change": {
        const { scopes, writtenMs } = message;
        listener.forget(scopes);
        onEvent({ kind: "change", scopes: scopes.length, lagMs: Math.max(0, sharedMs - writtenMs) });
        return;
      }
      case "beat":
        // A proof from Redis's future is no proof: its clock was put back.
        if (message.provenMs > sharedMs) return;
        // As early as it can have been: Redis's clock was read after `localMs`.
        provenAtMs = Math.max(provenAtMs, localMs - (sharedMs + redisClockStepMs - message.provenMs));
        return;
      default: {
        const unhandled: never = message;
        return unhandled;
      }
    }
  }

  /** True when there is more to read at once. */
  async function ask(asked: Position | undefined): Promise<boolean> {
    const askedOver = connection;
    const startMs = clock();
    const [time, entries, newest] = await Promise.all([
      redis.time(),
      asked === undefined ? [] : readAfter(redis, asked.entryId),
      asked === undefined || startMs - heardAtMs > silenceMaxMs ? findNewest(redis) : undefined,
    ]);
    if (askedOver !== connection) return false;
    const before = reading;
    reading = { sharedMs: millisecondsOf(time), askedAtMs: startMs, answeredAtMs: clock() };
    if (asked === undefined) {
      anchor(newest);
      return false;
    }
    // A stream that begins anew while Redis's clock is put back would be silent for ever; and by a clock that
    // was put back, what is kept until a moment would be kept for longer.
    const isPutBack =
      before !== undefined &&
      reading.sharedMs - before.sharedMs < startMs - before.answeredAtMs - clockDriftMsMax;
    if (isPutBack || (newest !== undefined && isBefore(newest.id, asked.entryId))) {
      position = undefined;
      readyAtMs = reading.answeredAtMs;
      lose("connected");
      return true;
    }
    for (const entry of entries) hear(entry, reading);
    return entries.length === entriesPerPollMax;
  }

  async function poll(): Promise<boolean> {
    if (readyAtMs === Number.POSITIVE_INFINITY || askedAtMs !== undefined) return false;
    const askedOver = connection;
    askedAtMs = clock();
    try {
      return await ask(position);
    } catch (error) {
      onEvent({ kind: "failed", error });
      return false;
    } finally {
      if (askedOver === connection) askedAtMs = undefined;
    }
  }

  return {
    provenAtMs: () => provenAtMs,
    hasHeard: ({ session, number }) => heard?.session === session && heard.number >= number,
    isTrusted: (localMs) =>
      provenAtMs >= readyAtMs && (askedAtMs === undefined || localMs - askedAtMs < answerTimeoutMs),
    answeredAtMs: () => reading?.answeredAtMs ?? Number.NEGATIVE_INFINITY,
    sharedTime: (localMs) =>
      reading && {
        earliestMs: reading.sharedMs + localMs - reading.answeredAtMs,
        latestMs: reading.sharedMs + redisClockStepMs + localMs - reading.askedAtMs,
      },
    poll,
    start() {
      const stopping = new AbortController();
      void pollUntil(stopping.signal, poll);
      return { [Symbol.dispose]: () => stopping.abort() };
    },
  };
}

async function pollUntil(signal: AbortSignal, poll: () => Promise<boolean>): Promise<void> {
  while (!signal.aborted) {
    if (!(await poll())) await sleep(tailIntervalMs, undefined, { ref: false });
  }
}

interface Entry {
  readonly id: string;
  readonly fields: readonly string[];
}

async function findNewest(redis: Redis): Promise<Entry | undefined> {
  const [newest] = await redis.xrevrange(changesStreamKey, "+", "-", "COUNT", 1);
  return newest && toEntry(newest);
}

async function readAfter(redis: Redis, entryId: string): Promise<readonly Entry[]> {
  const streams = await redis.xread("COUNT", entriesPerPollMax, "STREAMS", changesStreamKey, entryId);
  const [, entries] = streams?.[0] ?? [];
  return (entries ?? []).map(toEntry);
}

const toEntry = ([id, fields]: [string, string[]]): Entry => ({ id, fields });

/** Whether an entry's id, `<milliseconds>-<n>`, is lower than another's. */
function isBefore(id: string, other: string): boolean {
  const [ms = 0, n = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherN = 0] = other.split("-").map(Number);
  return ms < otherMs || (ms === otherMs && n < otherN);
}
