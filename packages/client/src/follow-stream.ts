import type { StreamedEvent } from "@leftrail/contract";
import { createAlarm, type StartTimer } from "./alarm.ts";
import { backoffDelayMs } from "./backoff.ts";
import type { Connection, ConnectionHandlers } from "./connection.ts";
import { LeftrailError } from "./leftrail-error.ts";
import { openTimeoutMs, steadyAfterMs } from "./limits.ts";
import type { StreamSink } from "./receiver.ts";
import type { FinalState } from "./stream-options.ts";

/** Opens a connection that goes on after an id; undefined: from now on. */
export type Connect = (after: string | undefined, handlers: ConnectionHandlers) => Connection;

export interface FollowOptions {
  /** Gets what one connection needs, a ticket of its own. */
  readonly prepare: (signal: AbortSignal) => Promise<Connect>;
  readonly sink: StreamSink;
  readonly startTimer: StartTimer;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

/**
 * Keeps a stream going until it is closed or the user has no access. A connection is renewed before it ends:
 * the old one delivers until the new one is open, which begins after the last id seen when it was asked for;
 * what both carry is dropped as seen.
 */
export function followStream({ prepare, sink, startTimer, random }: FollowOptions): { close(): void } {
  const closing = new AbortController();
  let current: Connection | undefined;
  let next: Connection | undefined;
  /** A wait, a ticket or an unopened connection is under way; there is one at a time. */
  let isRenewing = false;
  let attempts = 0;
  const retry = createAlarm(startTimer);
  const opening = createAlarm(startTimer);
  const interruption = createAlarm(startTimer);
  const steady = createAlarm(startTimer);

  function renewAfter(delayMs: number): void {
    if (isRenewing || closing.signal.aborted) return;
    isRenewing = true;
    if (delayMs === 0) void renew();
    else retry.set(delayMs, () => void renew());
  }

  async function renew(): Promise<void> {
    try {
      const connect = await prepare(closing.signal);
      if (closing.signal.aborted) return;
      const connection: Connection = connect(
        sink.resumePoint(),
        handlersOf(() => connection),
      );
      next = connection;
      opening.set(openTimeoutMs, () => failed(new Error("the stream did not open in time")));
    } catch (error) {
      if (!closing.signal.aborted) failed(error);
    }
  }

  const handlersOf = (self: () => Connection): ConnectionHandlers => ({
    opened() {
      if (self() === next) promote();
      interruption.stop();
      steady.set(steadyAfterMs, () => (attempts = 0));
      sink.state("open");
    },
    interrupted() {
      // One that never opened tries again by itself, until its time is up.
      if (self() !== current) return;
      lost();
      // Each of its own tries that fails sets this anew: it rings when one hangs.
      interruption.set(openTimeoutMs, () => renewAfter(nextDelayMs()));
    },
    ended() {
      if (self() !== current) return failed(new Error("the stream was refused"));
      current = undefined;
      interruption.stop();
      lost();
      return renewAfter(nextDelayMs());
    },
    event: receive,
    malformed: (error) => sink.malformed(error),
  });

  function promote(): void {
    opening.stop();
    current?.close();
    current = next;
    next = undefined;
    isRenewing = false;
  }

  function lost(): void {
    steady.stop();
    sink.state("connecting");
  }

  function receive(event: StreamedEvent): void {
    switch (event.type) {
      case "stream.gap":
        return sink.gap(event.data);
      case "stream.reauth": {
        sink.skipTo(event.id);
        // At once; but not again and again where every token on offer is about to end.
        const isFirst = attempts === 0;
        const delayMs = nextDelayMs();
        return renewAfter(isFirst ? 0 : delayMs);
      }
      case "stream.revoked":
        return finish("revoked");
      default:
        return sink.event(event);
    }
  }

  function failed(error: unknown): void {
    opening.stop();
    next?.close();
    next = undefined;
    isRenewing = false;
    sink.failed(error);
    if (!(error instanceof LeftrailError)) return renewAfter(nextDelayMs());
    if (error.status === 403) return finish("forbidden");
    if (error.status === 400) return finish("failed");
    return renewAfter(nextDelayMs(error.retryAfterSeconds));
  }

  function nextDelayMs(retryAfterSeconds?: number): number {
    const delayMs = backoffDelayMs({ attempt: attempts, random, retryAfterSeconds });
    attempts++;
    return delayMs;
  }

  function close(): void {
    closing.abort();
    for (const alarm of [retry, opening, interruption, steady]) alarm.stop();
    current?.close();
    next?.close();
  }

  function finish(state: FinalState): void {
    close();
    sink.state(state);
  }

  renewAfter(0);
  return { close };
}
