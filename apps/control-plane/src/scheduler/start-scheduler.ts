import type { RelayEvent } from "@leftrail/changes";
import type { Logger } from "@leftrail/service";
import type { Registry } from "prom-client";
import type { TickSurroundings } from "./publish-tick.ts";
import { createSchedulerMetrics } from "./scheduler-metrics.ts";
import { createScheduler, type SchedulerEvent } from "./scheduler.ts";

/** How often it is asked whether a tick is due, so how late one is at most. */
const lookIntervalMs = 250;

export interface StartSchedulerOptions extends Omit<TickSurroundings, "now"> {
  /** 0: no ticks. */
  readonly periodSeconds: number;
  readonly registry: Registry;
  readonly logger: Pick<Logger, "info" | "warn">;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly every?: (intervalMs: number, run: () => void) => Disposable;
}

/** A scheduler that ticks in the process whose relay leads. */
export interface RunningScheduler extends AsyncDisposable {
  /** To be told of everything that the relay of this process tells. */
  readonly onRelayEvent: (event: RelayEvent) => void;
}

/** Ticks by itself, until disposed of. */
export function startScheduler(options: StartSchedulerOptions): RunningScheduler {
  const { store, events, periodSeconds, registry, logger, now = Date.now, every = everyUnref } = options;
  if (periodSeconds === 0) {
    return { onRelayEvent: () => undefined, [Symbol.asyncDispose]: async () => undefined };
  }
  const count = createSchedulerMetrics(registry);
  const log = createSchedulerLog(logger);
  const scheduler = createScheduler({
    store,
    events,
    now,
    periodSeconds,
    onEvent: (event) => {
      count(event);
      log(event);
    },
  });
  const looks = every(lookIntervalMs, () => void scheduler.tick());
  return {
    onRelayEvent: ({ kind }) => {
      if (kind === "leading") scheduler.lead();
      if (kind === "resigned") scheduler.resign();
    },
    async [Symbol.asyncDispose]() {
      looks[Symbol.dispose]();
      scheduler.resign();
      // What is under way still uses the clients that are closed next.
      await scheduler.tick();
    },
  };
}

/** One line when it begins to fail and one when it goes on. */
function createSchedulerLog(logger: Pick<Logger, "info" | "warn">): (event: SchedulerEvent) => void {
  let isFailing = false;
  return (event) => {
    if (event.kind === "failed" && !isFailing) {
      logger.warn({ err: event.error }, "a tick can't be published to every tenant");
      isFailing = true;
    }
    if (event.kind === "published" && isFailing) {
      logger.info("ticks are published again");
      isFailing = false;
    }
    if (event.kind === "skipped") logger.warn({ ticks: event.ticks }, "ticks were skipped");
  };
}

function everyUnref(intervalMs: number, run: () => void): Disposable {
  const timer = setInterval(run, intervalMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
