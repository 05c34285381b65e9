import pino, { type DestinationStream, type Logger } from "pino";
import { openBufferedOutput } from "./buffered-output.ts";

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
    hooks: { logMethod: writeAtOnceFromWarnings },
  };
  const output = destination ?? openBufferedOutput();
  const logger = pino(options, output);
  rawOutputs.set(logger, { name, write: (line) => output.write(line) });
  return logger;
}

const warnings = pino.levels.values["warn"] ?? 40;

/** What an operator should read must not wait, least of all when the process is about to end. */
function writeAtOnceFromWarnings(
  this: Logger,
  args: Parameters<pino.LogFn>,
  method: pino.LogFn,
  level: number,
): void {
  method.apply(this, args);
  if (level >= warnings) this.flush();
}

/** For lines that are made by hand, being too many for the general way. */
export interface RawOutput {
  readonly name: string;
  readonly write: (line: string) => void;
}

const rawOutputs = new WeakMap<Logger, RawOutput>();

/** Where the lines of a logger of `createLogger` go. */
export function rawOutputOf(logger: Logger): RawOutput {
  const output = rawOutputs.get(logger);
  if (output === undefined) throw new TypeError("not a logger of createLogger");
  return output;
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
