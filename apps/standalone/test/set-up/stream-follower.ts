import { openSse, type SseEvent, type SseReader } from "@leftrail/testkit";

export interface FollowOptions {
  /** Of the instances, which may become others: it goes from one to the next, whenever a stream is over or can't be had. */
  readonly urls: readonly string[];
  /** Where it goes on; unset: from the newest. */
  readonly after?: string;
  /** How long it stays with an instance before it leaves by itself; unset: for as long as it may. */
  readonly stayMs?: () => number;
}

/** How a connection was over, and when, by `performance.now()`; `left`: by the follower itself. */
export interface FollowedEnd {
  readonly how: "end" | "cut" | "left";
  readonly atMs: number;
}

/** All who follow a stream in a test, driven by one timer. */
export interface Followers extends Disposable {
  follow(options: FollowOptions): Follower;
}

const tickIntervalMs = 10;

export function createFollowers(): Followers {
  const followers = new Set<Follower>();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (const follower of followers) follower.tick(nowMs);
  }, tickIntervalMs);
  return {
    follow(options) {
      const follower = new Follower(options);
      followers.add(follower);
      follower.tick(performance.now());
      return follower;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const follower of followers) follower[Symbol.dispose]();
    },
  };
}

/** A client that comes back as EventSource does, with its last id, but at once and to another instance. */
export class Follower implements Disposable {
  readonly ends: FollowedEnd[] = [];
  /** Answers that are no stream: EventSource would give up for ever. */
  readonly refusals: number[] = [];
  connections = 0;
  readonly #options: FollowOptions;
  readonly #past: SseEvent[] = [];
  #cursor: string;
  #urlAt = 0;
  #reader: SseReader | undefined;
  #leaveAtMs = Number.POSITIVE_INFINITY;
  #isOpening = false;
  #isOver = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#cursor = options.after ?? "";
  }

  /** All that it was told, in the order in which it came. */
  get events(): readonly SseEvent[] {
    return [...this.#past, ...(this.#reader?.events ?? [])];
  }

  get count(): number {
    return this.#past.length + (this.#reader?.events.length ?? 0);
  }

  get lastEventId(): string {
    return this.#reader?.lastEventId || this.#cursor;
  }

  /** Whether it has a stream now that has said where it stands. */
  get isFollowing(): boolean {
    return this.#reader !== undefined && this.#reader.end === undefined && this.#reader.lastEventId !== "";
  }

  /** Where its stream is, or the next one is to be. */
  get url(): string {
    const { urls } = this.#options;
    return urls[this.#urlAt % urls.length] ?? "";
  }

  /** Of the stream that it has now. */
  get heartbeats(): number {
    return this.#reader?.comments.filter((comment) => comment === "heartbeat").length ?? 0;
  }

  tick(nowMs: number): void {
    if (this.#isOver) return;
    const end = this.#reader?.end;
    if (end !== undefined) this.#leave(end);
    else if (nowMs >= this.#leaveAtMs) this.#leave("left");
    if (this.#reader === undefined && !this.#isOpening) void this.#open();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#reader?.[Symbol.dispose]();
  }

  async #open(): Promise<void> {
    this.#isOpening = true;
    try {
      const headers = this.#cursor === "" ? {} : { "Last-Event-ID": this.#cursor };
      const reader = await openSse(this.url, { headers });
      this.connections++;
      if (this.#isOver) reader[Symbol.dispose]();
      else this.#keep(reader);
    } catch {
      // Nobody is there: the next one is asked.
      this.#urlAt++;
    } finally {
      this.#isOpening = false;
    }
  }

  #keep(reader: SseReader): void {
    this.#reader = reader;
    if (reader.status !== 200) this.refusals.push(reader.status);
    const { stayMs } = this.#options;
    if (stayMs !== undefined) this.#leaveAtMs = performance.now() + stayMs();
  }

  #leave(how: FollowedEnd["how"]): void {
    this.ends.push({ how, atMs: performance.now() });
    this.#past.push(...(this.#reader?.events ?? []));
    this.#cursor = this.lastEventId;
    this.#reader?.[Symbol.dispose]();
    this.#reader = undefined;
    this.#leaveAtMs = Number.POSITIVE_INFINITY;
    this.#urlAt++;
  }
}
