import { publishTick, type TickSurroundings } from "./publish-tick.ts";
import { tickAt, type Tick } from "./tick.ts";

/** After a failure, doubled with each further one, while the tick is the one that is due. */
export const retryDelayMinMs = 1_000;
export const retryDelayMaxMs = 60_000;

/** What an operator counts and logs. */
export type SchedulerEvent =
  | { readonly kind: "published"; readonly durationMs: number }
  /** It is tried again while it is due. */
  | { readonly kind: "failed"; readonly error: unknown }
  /** They were due while this process led, and are not any more. */
  | { readonly kind: "skipped"; readonly ticks: number };

export interface SchedulerOptions extends TickSurroundings {
  readonly periodSeconds: number;
  /** Called synchronously; must be quick and must not throw. */
  readonly onEvent?: (event: SchedulerEvent) => void;
}

/** Ticks while it leads. Several that take themselves for leaders do no harm: a tick has a key. */
export interface Scheduler {
  lead(): void;
  /** Also ends what is being published. */
  resign(): void;
  /**
   * Publishes the tick that is due, unless that is done, waits to be tried again, or is under way: then resolves
   * with it. Never rejects. The tick that was due when this process began to lead is published too.
   */
  tick(): Promise<void>;
}

export function createScheduler({ periodSeconds, onEvent = () => {}, ...rest }: SchedulerOptions): Scheduler {
  const { now } = rest;
  let leading: AbortController | undefined;
  let running: Promise<void> | undefined;
  let published: number | undefined;
  let attempt: Attempt | undefined;

  async function run(tick: Tick, { signal }: AbortController): Promise<void> {
    const { tick: number } = tick.data;
    if (attempt?.tick !== number) {
      tellSkipped(number);
      attempt = { tick: number, failures: 0, notBeforeMs: Number.NEGATIVE_INFINITY };
    }
    const startMs = now();
    try {
      await publishTick(rest, tick, signal);
      if (signal.aborted) return;
      published = number;
      onEvent({ kind: "published", durationMs: Math.max(0, now() - startMs) });
    } catch (error) {
      if (signal.aborted) return;
      const failures = attempt.failures + 1;
      const delayMs = Math.min(retryDelayMinMs * 2 ** (failures - 1), retryDelayMaxMs);
      attempt = { tick: number, failures, notBeforeMs: now() + delayMs };
      onEvent({ kind: "failed", error });
    }
  }

  function tellSkipped(next: number): void {
    if (attempt === undefined) return;
    const firstMissed = attempt.tick === published ? attempt.tick + 1 : attempt.tick;
    if (next > firstMissed) onEvent({ kind: "skipped", ticks: next - firstMissed });
  }

  return {
    lead() {
      leading ??= new AbortController();
    },
    resign() {
      leading?.abort();
      leading = undefined;
      // What happens until it leads again is another's to tell.
      attempt = undefined;
    },
    async tick() {
      if (running !== undefined) return running;
      if (leading === undefined) return;
      const tick = tickAt(now(), periodSeconds);
      const { tick: number } = tick.data;
      if (number === published) return;
      if (number === attempt?.tick && now() < attempt.notBeforeMs) return;
      running = run(tick, leading).finally(() => {
        running = undefined;
      });
      await running;
    },
  };
}

interface Attempt {
  readonly tick: number;
  readonly failures: number;
  readonly notBeforeMs: number;
}
