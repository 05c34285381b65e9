import { ProblemError } from "@leftrail/contract";
import { createAllowance } from "./allowance.ts";
import type { KeyMetrics } from "./key-metrics.ts";
import { createTurnQueue } from "./turn-queue.ts";

/** Runs at once. Half of libuv's pool of 4 stays free for JWT verification and DNS; each run takes 64 MiB. */
export const hashesRunningMax = 2;
/** A full promising lane is waited for some seconds; a waiting run holds a few hundred bytes. */
export const promisingWaitingMax = 256;
export const suspectWaitingMax = 128;
/** One key's forgeries leave places to the other keys that are under suspicion. */
export const suspectWaitingPerKeyMax = 32;
/** Suspect runs that need no rest: somebody's mistakes. What goes on after them costs a part of one core and no more. */
export const suspectBurstRuns = 16;
export const suspectRunsPerSecond = 3;
const retryAfterSeconds = 1;

/** Where a run waits: among those that look promising, or among the strings for a key that others failed on. */
export type HashPlace =
  | { readonly lane: "promising" }
  | { readonly lane: "suspect"; readonly apiKeyId: string };

export interface HashLanes {
  /** Runs a hash when its turn comes; throws `unavailable` at once when there is no place to wait. */
  run<T>(place: HashPlace, hash: () => Promise<T>): Promise<T>;
}

export interface HashLanesOptions {
  readonly metrics: Pick<KeyMetrics, "laneRunning" | "laneWaiting" | "laneRefusals">;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly after?: (delayMs: number, run: () => void) => void;
}

interface Job {
  readonly lane: HashPlace["lane"];
  readonly start: () => Promise<void>;
}

/**
 * Two queues before argon2. Promising runs go first and may take every slot; of the
 * suspect ones one runs at a time, at a bounded rate, keys in turn. Both are bounded.
 */
export function createHashLanes({ metrics, clock, after = afterUnref }: HashLanesOptions): HashLanes {
  const promising: Job[] = [];
  const suspect = createTurnQueue<Job>({
    itemsMax: suspectWaitingMax,
    itemsPerKeyMax: suspectWaitingPerKeyMax,
  });
  const allowance = createAllowance({ burst: suspectBurstRuns, perSecond: suspectRunsPerSecond, clock });
  let running = 0;
  let isSuspectRunning = false;
  let isWaking = false;

  function enter(place: HashPlace, job: Job): boolean {
    if (place.lane === "suspect") return suspect.push(place.apiKeyId, job);
    if (promising.length >= promisingWaitingMax) return false;
    promising.push(job);
    return true;
  }

  function nextSuspect(): Job | undefined {
    if (isSuspectRunning || suspect.size === 0) return undefined;
    if (allowance.take()) return suspect.shift();
    if (!isWaking) {
      isWaking = true;
      after(allowance.waitMs(), wake);
    }
    return undefined;
  }

  function wake(): void {
    isWaking = false;
    startWaiting();
  }

  function startWaiting(): void {
    while (running < hashesRunningMax) {
      const job = promising.shift() ?? nextSuspect();
      if (job === undefined) break;
      void runJob(job);
    }
    metrics.laneWaiting.set({ lane: "promising" }, promising.length);
    metrics.laneWaiting.set({ lane: "suspect" }, suspect.size);
  }

  async function runJob({ lane, start }: Job): Promise<void> {
    running++;
    if (lane === "suspect") isSuspectRunning = true;
    metrics.laneRunning.inc({ lane });
    await start();
    metrics.laneRunning.dec({ lane });
    running--;
    if (lane === "suspect") isSuspectRunning = false;
    startWaiting();
  }

  return {
    run: (place, hash) =>
      new Promise((resolve, reject) => {
        const { lane } = place;
        const start = () => Promise.try(hash).then(resolve, reject);
        if (enter(place, { lane, start })) return startWaiting();
        metrics.laneRefusals.inc({ lane });
        reject(overload());
      }),
  };
}

const overload = (): ProblemError =>
  new ProblemError("unavailable", "Too many keys are being verified at the moment.", { retryAfterSeconds });

function afterUnref(delayMs: number, run: () => void): void {
  setTimeout(run, delayMs).unref();
}
