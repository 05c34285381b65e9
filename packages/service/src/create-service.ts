import type { Env, Hono, MiddlewareHandler, Schema } from "hono";
import { accessLog } from "./access-log.ts";
import type { Logger } from "./logger.ts";
import { recordMetrics, type Metrics } from "./metrics.ts";
import { notFound, onError } from "./problems.ts";
import { requestId } from "./request-id.ts";

export interface ServiceDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** A new request id; UUIDv7 unless given. */
  readonly mintId?: () => string;
  /** A monotonic clock. */
  readonly nowMs?: () => number;
}

/**
 * The base of every service on a fresh app, in order: request id and base headers, access
 * log, metrics; and problems for every error. Routes and the app's own middleware come after.
 */
export function createService<E extends Env, S extends Schema, B extends string>(
  app: Hono<E, S, B>,
  { logger, metrics, mintId, nowMs }: ServiceDeps,
): void {
  app.use(requestId(mintId));
  app.use(accessLog(logger, nowMs));
  app.use(recordMetrics(metrics, nowMs));
  app.use(onlyErrorsAreThrown);
  app.onError(onError(logger));
  app.notFound(notFound);
}

// Hono hands only instances of Error to the error handler.
const onlyErrorsAreThrown: MiddlewareHandler = async (_c, next) => {
  try {
    await next();
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error("something that is no Error was thrown");
  }
};
