import { EventEmitter } from "node:events";
import type { Redis } from "ioredis";
import { encodeMessage, type Message } from "../src/messages.ts";

type Entry = [id: string, fields: string[]];

/** One exchange of the tail with Redis, which the test answers. */
export interface Asked {
  readonly afterId: string | undefined;
  readonly isNewestAsked: boolean;
  readonly answer: (over?: {
    readonly sharedMs?: number;
    readonly entries?: readonly Entry[];
    readonly newest?: Entry;
  }) => void;
  readonly fail: () => void;
}

/** A Redis of which the test decides when each answer comes, and whether there is a connection. */
export function scriptedRedis() {
  const events = new EventEmitter();
  const asked: Asked[] = [];
  const redis = {
    status: "ready",
    on: (name: string, listener: () => void) => events.on(name, listener),
    time: () => begin().time.promise,
    xread: (...args: unknown[]) => {
      const exchange = current();
      exchange.afterId = String(args.at(-1));
      return exchange.entries.promise;
    },
    xrevrange: () => {
      const exchange = current();
      exchange.isNewestAsked = true;
      return exchange.newest.promise;
    },
  };

  interface Exchange {
    afterId: string | undefined;
    isNewestAsked: boolean;
    readonly time: PromiseWithResolvers<[number, number]>;
    readonly entries: PromiseWithResolvers<[string, Entry[]][] | null>;
    readonly newest: PromiseWithResolvers<Entry[]>;
  }
  const exchanges: Exchange[] = [];
  const current = (): Exchange => exchanges.at(-1)!;

  /** TIME is what each exchange begins with. */
  function begin(): Exchange {
    const exchange: Exchange = {
      afterId: undefined,
      isNewestAsked: false,
      time: Promise.withResolvers(),
      entries: Promise.withResolvers(),
      newest: Promise.withResolvers(),
    };
    exchanges.push(exchange);
    asked.push({
      get afterId() {
        return exchange.afterId;
      },
      get isNewestAsked() {
        return exchange.isNewestAsked;
      },
      answer: ({ sharedMs = 5_000_000, entries = [], newest } = {}) => {
        exchange.time.resolve([Math.floor(sharedMs / 1000), Math.round((sharedMs % 1000) * 1000)]);
        exchange.entries.resolve(entries.length === 0 ? null : [["changes", [...entries]]]);
        exchange.newest.resolve(newest === undefined ? [] : [newest]);
      },
      fail: () => exchange.time.reject(new Error("the connection was lost")),
    });
    return exchange;
  }

  return {
    redis: asRedis(redis),
    asked,
    close: () => void events.emit("close"),
    ready: () => void events.emit("ready"),
  };
}

/** Holds because the tail uses nothing else of a client. */
const asRedis = (scripted: object): Redis => scripted as unknown as Redis;

/** Entries with the messages of one session, numbered from `first`. */
export const entriesOf = (
  first: number,
  ...said: readonly DistributiveOmit<Message, "session" | "number">[]
) =>
  said.map((each, at): Entry => [
    `${first + at}-0`,
    encodeMessage({ ...each, session: "s", number: first + at }),
  ]);

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
