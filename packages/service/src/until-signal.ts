/** As much of `process` as signals need. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): void;
}

export interface UntilSignal extends Disposable {
  /** Fires on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

// 128 + the signal's number, as shells report it.
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The first signal asks for a graceful stop, the second one exits at once. */
export function untilSignal(source: SignalSource = process): UntilSignal {
  const stop = new AbortController();
  const listenerOf = (name: keyof typeof exitCodes) => () => {
    if (stop.signal.aborted) source.exit(exitCodes[name]);
    else stop.abort();
  };
  const onInterrupt = listenerOf("SIGINT");
  const onTerminate = listenerOf("SIGTERM");
  source.on("SIGINT", onInterrupt);
  source.on("SIGTERM", onTerminate);
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => {
      source.off("SIGINT", onInterrupt);
      source.off("SIGTERM", onTerminate);
    },
  };
}
