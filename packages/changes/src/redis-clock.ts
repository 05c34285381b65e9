/** What `TIME` cuts off. */
export const redisClockStepMs = 0.001;

/** `TIME` in milliseconds, with the microseconds behind the point. */
export function millisecondsOf(time: readonly (number | string)[]): number {
  const [seconds, micros] = time;
  const ms = Number(seconds) * 1000 + Number(micros) / 1000;
  if (!Number.isFinite(ms)) throw new TypeError("Redis's TIME is no time");
  return ms;
}
