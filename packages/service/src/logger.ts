import pino, { type DestinationStream, type Logger } from "pino";

export type { Logger };

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** The service that speaks. */
  readonly name: string;
  /** Standard output unless given. */
  readonly destination?: DestinationStream;
}

/** One JSON object per line, ISO time, known secret fields redacted, errors without their data. */
export function createLogger({ level, name, destination }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    name,
    base: {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: "[redacted]" },
    serializers: { err: (error: unknown) => describeError(error) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Causes of an error that a log line follows at most. */
const causeDepthMax = 5;

const secretFields = [
  "authorization",
  "cookie",
  "token",
  "ticket",
  "password",
  "secret",
  "key",
  "key_hash",
  "pepper",
];

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

// Named fields only: database errors carry the query and its parameters as properties.
function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: "not an Error" };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= causeDepthMax
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}
