import type { HubEvent } from "@leftrail/event-broker";
import type { Frame } from "./frame.ts";

/** What a connection has yet to be sent, in order: what it missed, then what came live meanwhile. References only. */
export class Backlog {
  readonly #missed: readonly HubEvent<Frame>[];
  readonly #live: HubEvent<Frame>[] = [];
  #at = 0;
  #lookedAt = 0;
  #looksInVain = 0;
  /** Of what came live; what a connection missed is the history's own, and bounded there. */
  liveBytes = 0;

  /** `taken`: how many of the first it has been sent already. */
  constructor(missed: readonly HubEvent<Frame>[], taken = 0) {
    this.#missed = missed;
    this.#at = taken;
  }

  push(event: HubEvent<Frame>): void {
    this.#live.push(event);
    this.liveBytes += event.frame.bytes.length;
  }

  /** Undefined: nothing is left. */
  next(): HubEvent<Frame> | undefined {
    const event = this.#missed[this.#at] ?? this.#live[this.#at - this.#missed.length];
    if (event === undefined) return undefined;
    if (this.#at >= this.#missed.length) this.liveBytes -= event.frame.bytes.length;
    this.#at++;
    return event;
  }

  /** How many looks in a row, this one included, have found it as it was. */
  looksInVain(): number {
    this.#looksInVain = this.#at === this.#lookedAt ? this.#looksInVain + 1 : 0;
    this.#lookedAt = this.#at;
    return this.#looksInVain;
  }
}
