import { tickIntervalMs } from "./limits.ts";

/** Calls again and again; keeps no process alive. */
export function tickUntilDisposed(tick: () => Promise<void>): Disposable {
  const timer = setInterval(() => void tick(), tickIntervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
