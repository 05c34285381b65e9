import { Hono } from "hono";
import { createService } from "../src/create-service.ts";
import { createLogger } from "../src/logger.ts";
import { createMetrics } from "../src/metrics.ts";
import type { ServiceEnv } from "../src/service-env.ts";

/** An app with the base middleware whose log is kept in memory. */
export function testService(addRoutes: (app: Hono<ServiceEnv>) => void) {
  const log = memoryLogger();
  const metrics = createMetrics();
  const app = new Hono<ServiceEnv>();
  createService(app, { logger: log.logger, metrics });
  addRoutes(app);
  return { app, metrics, ...log };
}

/** A logger whose lines can be read back, as text and parsed. */
export function memoryLogger() {
  const lines: string[] = [];
  const logger = createLogger({
    level: "debug",
    name: "test",
    destination: { write: (line: string) => void lines.push(line) },
  });
  const entries = (): Record<string, unknown>[] => lines.map((line) => asRecord(JSON.parse(line)));
  return { logger, lines, entries };
}

// Every log line is one JSON object; a test that reads another shape should fail.
function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("not a log line");
  return value as Record<string, unknown>;
}
