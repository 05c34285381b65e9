import type { StartTimer } from "../src/alarm.ts";

interface Waiting {
  readonly delayMs: number;
  readonly ring: () => void;
}

/** Timers that ring when a test says so. */
export function createManualTimers() {
  const waiting = new Set<Waiting>();
  const startTimer: StartTimer = (ring, delayMs) => {
    const timer = { delayMs, ring };
    waiting.add(timer);
    return () => waiting.delete(timer);
  };
  return {
    startTimer,
    delaysMs: (): readonly number[] => [...waiting].map(({ delayMs }) => delayMs),
    /** Rings those that wait for so long, and throws when there is none. */
    ring(delayMs: number): void {
      const due = [...waiting].filter((timer) => timer.delayMs === delayMs);
      if (due.length === 0) throw new Error(`no timer waits for ${delayMs} ms`);
      for (const timer of due) {
        waiting.delete(timer);
        timer.ring();
      }
    },
  };
}
