import { ProblemError } from "@leftrail/contract";
import type { CacheEvent } from "./cache-event.ts";
import {
  databaseReadsMax,
  databaseTimeoutMs,
  databaseWaitingMax,
  pingIntervalMs,
  pingTimeoutMs,
} from "./limits.ts";
import { withTimeout } from "./with-timeout.ts";

/**
 * The way to the database: so many reads at once, so many waiting, each for so long. A database that does
 * not answer is asked by pings alone, and everybody else is told at once.
 */
export interface DatabaseGate {
  /** Throws `unavailable` when the database can't answer, or not in time. */
  run<T>(read: () => Promise<T>): Promise<T>;
  /** Pings a database that is down, when it is time to; never rejects. */
  tick(): Promise<void>;
}

export function createDatabaseGate(options: {
  readonly ping: () => Promise<void>;
  readonly clock: () => number;
  readonly onEvent: (event: CacheEvent) => void;
}): DatabaseGate {
  const { ping, clock, onEvent } = options;
  const turns = createTurns(databaseReadsMax, databaseWaitingMax);
  let isUp = true;
  let isPinging = false;
  let pingedAtMs = Number.NEGATIVE_INFINITY;

  /** One read that fails or hangs says little of the database: only a ping tells. */
  async function probe(): Promise<void> {
    if (isPinging) return;
    isPinging = true;
    pingedAtMs = clock();
    const answered = await withTimeout(ping(), pingTimeoutMs, unavailable).then(
      () => true,
      () => false,
    );
    isPinging = false;
    if (answered !== isUp) onEvent({ kind: "database_state", isUp: answered });
    isUp = answered;
  }

  return {
    async run(read) {
      if (!isUp) throw unavailable();
      const turn = turns.take();
      if (turn === undefined) throw unavailable();
      const running = turn.begin(read);
      try {
        return await withTimeout(running, databaseTimeoutMs, unavailable);
      } catch (error) {
        turn.abandon();
        // What becomes of a read that nobody waits for any more is the store's to see to.
        running.catch(() => undefined);
        if (error instanceof ProblemError && error.code === "unavailable") void probe();
        throw error;
      }
    },
    async tick() {
      if (!isUp && clock() - pingedAtMs >= pingIntervalMs) await probe();
    },
  };
}

const unavailable = (): ProblemError =>
  new ProblemError("unavailable", "The database can't answer right now.", { retryAfterSeconds: 1 });

interface Turn {
  /** Runs the work when it is its turn; the place is free again when the work has settled. */
  begin<T>(work: () => Promise<T>): Promise<T>;
  /** Gives the place in the line up, if the work has not begun. */
  abandon(): void;
}

/** Places for work that runs at once, and a line of those that wait; undefined when it is full. */
function createTurns(runningMax: number, waitingMax: number): { take(): Turn | undefined } {
  const waiting = new Set<() => void>();
  let running = 0;

  /** Hands the place to the first in the line, so that nobody can slip in between. */
  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      running--;
      return;
    }
    waiting.delete(next);
    next();
  };

  return {
    take() {
      if (running >= runningMax && waiting.size >= waitingMax) return undefined;
      let enter: (() => void) | undefined;
      let isAbandoned = false;
      return {
        async begin(work) {
          if (running < runningMax) running++;
          else {
            await new Promise<void>((resolve) => {
              enter = resolve;
              waiting.add(resolve);
            });
          }
          try {
            if (isAbandoned) throw unavailable();
            return await work();
          } finally {
            leave();
          }
        },
        abandon() {
          isAbandoned = true;
          if (enter !== undefined) waiting.delete(enter);
        },
      };
    },
  };
}
