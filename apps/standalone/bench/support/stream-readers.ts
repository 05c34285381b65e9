import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type ReadersCommand =
  | {
      readonly kind: "open";
      readonly port: number;
      readonly requests: readonly Uint8Array[];
      readonly atOnce: number;
      readonly marks: number;
      readonly withinMs: number;
    }
  | { readonly kind: "arrivals"; readonly marks: number }
  | { readonly kind: "cut" };

export type ReadersAnswer = Arrivals | { readonly error: string };

/** Moments of `monotonicMs`. */
export interface Arrivals {
  /** When it was asked for. */
  readonly startMs: number;
  /** When each reader got its last mark; before any, when its stream had begun. */
  readonly arrivalsMs: Float64Array;
  /** How long that was after the reader's first attempt to connect. */
  readonly waitedMs: Float64Array;
  /** How often a reader got no stream and came back. */
  readonly comebacks: number;
  /** How often it was an error, from which an EventSource would not have come back. */
  readonly refusals: number;
}

/** Readers of one server's streams, in a process of their own. */
export interface StreamReaders extends AsyncDisposable {
  /**
   * Opens a stream for each request, so many at once, or each at its own moment, evenly spread over a time;
   * resolves when all have begun and have so many marks.
   */
  open(
    url: string,
    requests: readonly Uint8Array[],
    options?: { readonly atOnce?: number; readonly withinMs?: number; readonly marks?: number },
  ): Promise<Arrivals>;
  /** Resolves when each has got so many marks since it was opened. */
  untilMarks(marks: number): Promise<Arrivals>;
  /** Resets all connections. */
  cut(): Promise<void>;
}

const defaultAtOnce = 64;
/** Longer than any of it takes on a busy machine. */
const timeoutMs = 180_000;

export function startReaders(): StreamReaders {
  const child = fork(fileURLToPath(new URL("stream-readers-cli.ts", import.meta.url)), {
    serialization: "advanced",
  });
  const ended = once(child, "exit");
  const send = async (command: ReadersCommand): Promise<Arrivals> => {
    const { promise, resolve } = Promise.withResolvers<ReadersAnswer>();
    const fail = (error: string) => resolve({ error });
    const timer = setTimeout(fail, timeoutMs, `${command.kind} took over ${timeoutMs} ms`);
    void ended.then(() => fail("their process has ended"));
    child.once("message", (answer: ReadersAnswer) => resolve(answer));
    child.send(command);
    const answer = await promise;
    clearTimeout(timer);
    if ("error" in answer) throw new Error(`readers of streams failed: ${answer.error}`);
    return answer;
  };
  return {
    open: (url, requests, { atOnce = defaultAtOnce, withinMs = 0, marks = 0 } = {}) =>
      send({ kind: "open", port: Number(new URL(url).port), requests, atOnce, withinMs, marks }),
    untilMarks: (marks) => send({ kind: "arrivals", marks }),
    async cut() {
      await send({ kind: "cut" });
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
