import { writeSync } from "node:fs";
import type { DestinationStream } from "pino";

/** Lines wait for each other so long and so many characters: one write costs more than many lines. */
const flushIntervalMs = 100;
const flushLengthMin = 16 * 1024;
/** When nobody reads the output, lines beyond that are lost rather than memory. */
const backlogBytesMax = 4 * 1024 * 1024;

const standardOutput = 1;

export interface BufferedOutput extends DestinationStream {
  /** Writes what waits, as far as the reader takes it. */
  flush(): void;
}

/**
 * Standard output in larger pieces; what is left is written when the process exits. Our own, for the writes of
 * pino's destination cost a cached answer's time again: see `pnpm bench reads`.
 */
export function openBufferedOutput(
  writeSome: (bytes: Buffer) => number = (bytes) => writeSync(standardOutput, bytes),
): BufferedOutput {
  let lines: string[] = [];
  let length = 0;
  /** What the reader has not taken yet. */
  let backlog = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (backlog.length + length > backlogBytesMax) lines = [];
    backlog =
      backlog.length === 0
        ? Buffer.from(lines.join(""))
        : Buffer.concat([backlog, ...lines.map((line) => Buffer.from(line))]);
    [lines, length] = [[], 0];
    try {
      while (backlog.length > 0) backlog = backlog.subarray(writeSome(backlog));
    } catch (error) {
      // A full pipe takes more later; a reader that is gone never will.
      if (codeOf(error) !== "EAGAIN") backlog = Buffer.alloc(0);
    }
    if (backlog.length > 0) flushLater();
  }

  const flushLater = (): void => {
    timer ??= setTimeout(flush, flushIntervalMs).unref();
  };

  process.once("exit", flush);
  return {
    write(line) {
      lines.push(line);
      length += line.length;
      if (length >= flushLengthMin) flush();
      else flushLater();
    },
    flush,
  };
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;
