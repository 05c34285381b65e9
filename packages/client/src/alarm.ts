/** Calls back once after the delay; the result stops it. */
export type StartTimer = (callback: () => void, delayMs: number) => () => void;

export const startTimer: StartTimer = (callback, delayMs) => {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
};

/** A timer that is set anew, not twice. */
export interface Alarm {
  set(delayMs: number, ring: () => void): void;
  stop(): void;
}

export function createAlarm(start: StartTimer): Alarm {
  let stop = (): void => {};
  return {
    set(delayMs, ring) {
      stop();
      stop = start(ring, delayMs);
    },
    stop: () => stop(),
  };
}
