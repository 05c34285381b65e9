import type { IncomingMessage } from "node:http";
import type { ReadAnswer } from "@leftrail/read-cache";
import type { Context } from "hono";

/** Reads that were begun for a request before it was left to the app, so that none is made twice. */
export interface ReadsUnderWay {
  set(incoming: IncomingMessage, reading: Promise<ReadAnswer>): void;
  of(c: Context): Promise<ReadAnswer> | undefined;
}

export function createReadsUnderWay(): ReadsUnderWay {
  const readings = new WeakMap<object, Promise<ReadAnswer>>();
  return {
    set: (incoming, reading) => void readings.set(incoming, reading),
    of(c) {
      const env: unknown = c.env;
      if (typeof env !== "object" || env === null || !("incoming" in env)) return undefined;
      const { incoming } = env;
      return typeof incoming === "object" && incoming !== null ? readings.get(incoming) : undefined;
    },
  };
}
