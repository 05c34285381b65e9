import type { Env, Hono, Schema } from "hono";
import type { Logger } from "./logger.ts";
import { metricsRoute, type Metrics } from "./metrics.ts";

/** How long a dependency may take to prove that it is there. */
export const dependencyCheckTimeoutMs = 2_000;

/** Resolves when the dependency answers; the signal fires when nobody waits any longer. */
export type DependencyCheck = (signal: AbortSignal) => Promise<unknown>;
export type DependencyState = "ok" | "failed: error" | "failed: timeout";

export interface HealthOptions {
  readonly checks: Readonly<Record<string, DependencyCheck>>;
  /** Dependencies that the service can do without: their state is told, but does not make it unready. */
  readonly optionalChecks?: Readonly<Record<string, DependencyCheck>>;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
  readonly logger: Logger;
  readonly timeoutMs?: number;
}

export interface Readiness {
  readonly status: "ready" | "unavailable" | "draining";
  readonly dependencies: Readonly<Record<string, DependencyState>>;
}

/** `GET /healthz` without I/O, `GET /readyz` with every dependency, `GET /metrics`. */
export function mountHealth<E extends Env, S extends Schema, B extends string>(
  app: Hono<E, S, B>,
  options: HealthOptions,
): void {
  const readiness = readinessOf(options);
  const headers = { "Cache-Control": "no-store" };
  app.get("/healthz", (c) => c.json({ status: "ok" }, 200, headers));
  app.get("/readyz", async (c) => {
    const state = await readiness();
    return c.json(state, state.status === "ready" ? 200 : 503, headers);
  });
  app.get("/metrics", metricsRoute(options.metrics));
}

/** Asks all dependencies at once; probes that come while one runs share its answer. */
function readinessOf(options: HealthOptions) {
  const { checks, optionalChecks = {}, isDraining, logger, timeoutMs = dependencyCheckTimeoutMs } = options;
  let running: Promise<Readiness> | undefined;

  const probe = async (): Promise<Readiness> => {
    const states = await Promise.all(
      Object.entries({ ...checks, ...optionalChecks }).map(async ([name, check]) => {
        const state = await runCheck(check, timeoutMs, (err) =>
          logger.warn({ dependency: name, err }, "dependency failed"),
        );
        return [name, state] as const;
      }),
    );
    const isReady = states.every(([name, state]) => state === "ok" || Object.hasOwn(optionalChecks, name));
    return { status: isReady ? "ready" : "unavailable", dependencies: Object.fromEntries(states) };
  };

  return async (): Promise<Readiness> => {
    if (isDraining()) return { status: "draining", dependencies: {} };
    running ??= probe().finally(() => (running = undefined));
    return running;
  };
}

async function runCheck(
  check: DependencyCheck,
  timeoutMs: number,
  onFailure: (error: unknown) => void,
): Promise<DependencyState> {
  const waiting = new AbortController();
  const expired = Promise.withResolvers<DependencyState>();
  const timer = setTimeout(() => {
    expired.resolve("failed: timeout");
    waiting.abort();
  }, timeoutMs);
  const answer = (async (): Promise<DependencyState> => {
    try {
      await check(waiting.signal);
      return "ok";
    } catch (error) {
      if (!waiting.signal.aborted) onFailure(error);
      return "failed: error";
    }
  })();
  try {
    return await Promise.race([answer, expired.promise]);
  } finally {
    clearTimeout(timer);
  }
}
