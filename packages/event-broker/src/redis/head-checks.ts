import type { Redis } from "ioredis";
import { headsPerCheckMax, headTtlMs, silenceMaxMs, silenceRoundMs, tickIntervalMs } from "../limits.ts";
import { keepHeads, readHeads } from "./history-reader.ts";
import type { WatchedHub, WatchedHubs } from "./watched-hubs.ts";

/** Whether hubs stand where their heads in Redis do: what a message that never came left behind is found so. */
export interface HeadChecks<Frame> {
  /** Compares hubs with their heads and brings those that differ there. Rejects when Redis does not answer. */
  compare(hubs: readonly WatchedHub<Frame>[]): Promise<void>;
  /** Compares those that have been silent, a part of them each time, and keeps heads that are looked at. Rejects as above. */
  compareSilent(nowMs: number): Promise<void>;
}

export interface HeadChecksOptions<Frame> {
  readonly redis: Redis;
  readonly hubs: WatchedHubs<Frame>;
  readonly clock: () => number;
  readonly advance: (watched: WatchedHub<Frame>) => Promise<void>;
}

/** A head is told to stay well before it would go. */
const keepIntervalMs = headTtlMs / 4;

export function createHeadChecks<Frame>(options: HeadChecksOptions<Frame>): HeadChecks<Frame> {
  const { redis, hubs, clock, advance } = options;
  let isComparing = false;

  async function compareSome(some: readonly WatchedHub<Frame>[]): Promise<void> {
    const asked = some.map(({ hub }) => hub.positionId);
    const heads = await readHeads(
      redis,
      some.map(({ hub }) => hub.organizationId),
    );
    const nowMs = clock();
    const differing = some.filter((watched, at) => {
      // One that went on meanwhile has just heard something.
      if (watched.hub.positionId !== asked[at]) return false;
      if (heads[at] !== asked[at]) return true;
      watched.heardAtMs = nowMs;
      return false;
    });
    for (const { hub } of differing) hub.suspect();
    await Promise.all(differing.map(advance));
  }

  async function compare(all: readonly WatchedHub<Frame>[]): Promise<void> {
    const live = all.filter(({ hub }) => hub.positionId !== undefined);
    for (const some of chunksOf(live, headsPerCheckMax)) await compareSome(some);
  }

  function findSilent(nowMs: number): readonly WatchedHub<Frame>[] {
    const silent = [...hubs].filter(
      ({ hub, advancing, heardAtMs }) =>
        hub.positionId !== undefined && advancing === undefined && nowMs - heardAtMs >= silenceMaxMs,
    );
    // Those of a process that has just started fall silent together.
    const ticksPerRound = silenceRoundMs / tickIntervalMs;
    const perTickMax = Math.max(headsPerCheckMax, Math.ceil(hubs.size / ticksPerRound));
    return silent.toSorted((a, b) => a.heardAtMs - b.heardAtMs).slice(0, perTickMax);
  }

  async function keep(nowMs: number): Promise<void> {
    const due = [...hubs]
      .filter(({ keptAtMs }) => nowMs - keptAtMs >= keepIntervalMs)
      .slice(0, headsPerCheckMax);
    if (due.length === 0) return;
    await keepHeads(
      redis,
      due.map(({ hub }) => hub.organizationId),
    );
    for (const watched of due) watched.keptAtMs = nowMs;
  }

  return {
    compare,
    async compareSilent(nowMs) {
      if (isComparing || redis.status !== "ready") return;
      isComparing = true;
      try {
        await compare(findSilent(nowMs));
        await keep(nowMs);
      } finally {
        isComparing = false;
      }
    },
  };
}

export function chunksOf<T>(items: readonly T[], length: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / length);
  return Array.from({ length: count }, (_, at) => items.slice(at * length, (at + 1) * length));
}
