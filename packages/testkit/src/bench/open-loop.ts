import { setTimeout as delay } from "node:timers/promises";

/** What became of one request of an open loop. */
export interface Timed<T> {
  readonly answer: T;
  /** From the moment the request was due. */
  readonly latencyMs: number;
  /** How much of it passed before the request was sent: the client's timers and stalls. */
  readonly lateMs: number;
}

/** Rests between looks at the clock; so about this much of `lateMs` is always there. */
const tickMs = 1;

/**
 * Sends at a fixed rate, whatever becomes of it, and waits for all answers. Latency counts from
 * when a request was due: otherwise a stall would hide the requests that it delayed (coordinated
 * omission). Rejects when `send` does, and then sends no more.
 */
export async function openLoop<T>(options: {
  readonly perSecond: number;
  readonly seconds: number;
  readonly send: (n: number) => Promise<T>;
}): Promise<Timed<T>[]> {
  const { perSecond, seconds, send } = options;
  const total = Math.round(perSecond * seconds);
  const answers: Promise<Timed<T>>[] = [];
  const failures: unknown[] = [];
  const startMs = performance.now();
  const sendDue = async (n: number): Promise<Timed<T>> => {
    const dueMs = startMs + (n * 1000) / perSecond;
    const lateMs = performance.now() - dueMs;
    const answer = await send(n);
    return { answer, lateMs, latencyMs: performance.now() - dueMs };
  };
  while (answers.length < total && failures.length === 0) {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000) + 1;
    while (answers.length < Math.min(due, total)) {
      const sent = sendDue(answers.length);
      sent.catch((error: unknown) => failures.push(error));
      answers.push(sent);
    }
    await delay(tickMs);
  }
  return Promise.all(answers);
}
