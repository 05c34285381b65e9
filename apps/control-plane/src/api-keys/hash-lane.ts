import { ProblemError } from "@leftrail/contract";
import type { KeyMetrics } from "./key-metrics.ts";

/** Runs at once. Half of libuv's pool of 4 stays free for JWT verification and DNS; each run takes 64 MiB. */
export const hashesRunningMax = 2;
/** A full promising lane is waited for some seconds; a waiting run holds a few hundred bytes. */
export const promisingWaitingMax = 256;
export const suspectWaitingMax = 16;
/** One key's forgeries leave places to the other keys that are under suspicion. */
export const suspectWaitingPerKeyMax = 4;
/** After a suspect run its lane rests so many times as long, so that a flood takes a tenth of one core at most. */
export const suspectRestFactor = 9;
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
  readonly place: HashPlace;
  readonly start: () => Promise<void>;
}

/**
 * Two queues before argon2. Promising runs go first and may take every slot; of the
 * suspect ones one runs at a time, then rests. Both are bounded.
 */
export function createHashLanes({ metrics, clock, after = afterUnref }: HashLanesOptions): HashLanes {
  const promising: Job[] = [];
  const suspect: Job[] = [];
  let running = 0;
  let suspectIsResting = false;

  function hasPlace(place: HashPlace): boolean {
    if (place.lane === "promising") return promising.length < promisingWaitingMax;
    const ofSameKey = suspect.filter(
      (job) => job.place.lane === "suspect" && job.place.apiKeyId === place.apiKeyId,
    );
    return suspect.length < suspectWaitingMax && ofSameKey.length < suspectWaitingPerKeyMax;
  }

  function startWaiting(): void {
    while (running < hashesRunningMax) {
      const job = promising.shift() ?? (suspectIsResting ? undefined : suspect.shift());
      if (job === undefined) break;
      void runJob(job);
    }
    metrics.laneWaiting.set({ lane: "promising" }, promising.length);
    metrics.laneWaiting.set({ lane: "suspect" }, suspect.length);
  }

  async function runJob({ place: { lane }, start }: Job): Promise<void> {
    running++;
    if (lane === "suspect") suspectIsResting = true;
    metrics.laneRunning.inc({ lane });
    const startMs = clock();
    await start();
    metrics.laneRunning.dec({ lane });
    running--;
    if (lane === "suspect") after((clock() - startMs) * suspectRestFactor, endRest);
    startWaiting();
  }

  function endRest(): void {
    suspectIsResting = false;
    startWaiting();
  }

  return {
    async run(place, hash) {
      if (!hasPlace(place)) {
        metrics.laneRefusals.inc({ lane: place.lane });
        throw new ProblemError("unavailable", "Too many keys are being verified at the moment.", {
          retryAfterSeconds,
        });
      }
      return new Promise((resolve, reject) => {
        const start = () => Promise.try(hash).then(resolve, reject);
        (place.lane === "promising" ? promising : suspect).push({ place, start });
        startWaiting();
      });
    },
  };
}

function afterUnref(delayMs: number, run: () => void): void {
  setTimeout(run, delayMs).unref();
}
