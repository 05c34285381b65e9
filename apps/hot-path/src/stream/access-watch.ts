import { ProblemError } from "@leftrail/contract";
import { organizationsKey } from "@leftrail/cache-keys";
import type { ReadAnswer, ReadCache, ReadRequest } from "@leftrail/read-cache";
import pLimit from "p-limit";
import type { HeldUser, UserChanges } from "../cache/user-changes.ts";
import {
  accessCheckIntervalMs,
  accessChecksMax,
  accessReadsMax,
  accessTurnMaxMs,
  tickIntervalMs,
} from "./limits.ts";
import { organizationIdsIn } from "./organization-ids.ts";
import type { StreamConnection } from "./stream-connection.ts";
import { Wheel, type OnWheel } from "./wheel.ts";

export interface Access {
  readonly organizationIds: readonly string[];
  /** The same for the same organizations. */
  readonly etag: string;
}

interface WatchedUser extends OnWheel {
  readonly userId: string;
  readonly connections: StreamConnection[];
  readonly held: HeldUser;
  /** Of the answer that all of its connections were judged by; undefined: not all by the same. */
  etag: string | undefined;
  /** The moment of changes before that answer was asked for. */
  judgedAt: number;
  isAsked: boolean;
}

export interface AccessWatchOptions {
  readonly cache: Pick<ReadCache, "hit" | "read">;
  /** Spares users of whom nothing has changed a look into the cache. */
  readonly changes: UserChanges;
  /** The read behind `GET /v1/organizations`. */
  readonly requestFor: (userId: string) => ReadRequest;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
}

type Answer = NonNullable<ReturnType<ReadCache["hit"]>> | ReadAnswer;

/**
 * Who may see which organization, by the very answer that the caller would get of `GET /v1/organizations`. Looks
 * again at every user with streams about once a second, one look for all of their streams.
 */
export class AccessWatch {
  readonly #options: AccessWatchOptions;
  readonly #users = new Map<string, WatchedUser>();
  readonly #wheel = new Wheel<WatchedUser>({ periodMs: accessCheckIntervalMs, stepMs: tickIntervalMs });
  readonly #waiting = new Set<WatchedUser>();
  readonly #inTurn = pLimit(accessChecksMax);
  #asking = 0;

  constructor(options: AccessWatchOptions) {
    this.#options = options;
  }

  countOf(userId: string): number {
    return this.#users.get(userId)?.connections.length ?? 0;
  }

  /** Throws `unavailable` when it can't be known. */
  async check(userId: string): Promise<Access> {
    const answer = this.#hit(userId) ?? (await this.#read(userId));
    if (answer.kind === "absent") return { organizationIds: [], etag: "" };
    return { organizationIds: organizationIdsIn(answer.body), etag: answer.etag };
  }

  #hit(userId: string) {
    return this.#options.cache.hit(organizationsKey(userId), "");
  }

  /**
   * So many at a time as can be answered in time: of ten thousand that come back at once to an instance that
   * knows nobody, each would be too late for the others.
   */
  async #read(userId: string): Promise<Answer> {
    const { cache, requestFor, clock } = this.#options;
    const giveUpMs = clock() + accessTurnMaxMs;
    return this.#inTurn(() => {
      if (clock() > giveUpMs) throw new ProblemError("unavailable", "Too many ask at once.");
      return this.#hit(userId) ?? cache.read(requestFor(userId));
    });
  }

  /** With the ETag that its access was checked by. */
  add(connection: StreamConnection, etag: string): void {
    const { userId } = connection;
    const known = this.#users.get(userId);
    if (known !== undefined) {
      known.connections.push(connection);
      // One of the two answers is older: the next look judges all by the newest.
      if (known.etag !== etag) known.etag = undefined;
      return;
    }
    const user = {
      userId,
      connections: [connection],
      held: this.#options.changes.hold(userId),
      etag,
      // Something may have changed since its access was checked.
      judgedAt: Number.NEGATIVE_INFINITY,
      isAsked: false,
      slot: 0,
      index: 0,
    };
    this.#users.set(userId, user);
    this.#wheel.add(user);
  }

  remove(connection: StreamConnection): void {
    const user = this.#users.get(connection.userId);
    const at = user?.connections.indexOf(connection) ?? -1;
    if (user === undefined || at === -1) return;
    user.connections.splice(at, 1);
    if (user.connections.length > 0) return;
    this.#users.delete(user.userId);
    this.#wheel.remove(user);
    this.#waiting.delete(user);
    this.#options.changes.release(user.held);
  }

  begin(nowMs: number): void {
    this.#wheel.begin(nowMs);
  }

  advance(nowMs: number): void {
    const { changes } = this.#options;
    const areHeard = changes.areHeard();
    this.#wheel.advance(nowMs, (user) => {
      const isQuiet = areHeard && !changes.isChangedSince(user.held, user.judgedAt);
      if (!isQuiet || user.etag === undefined) this.#look(user);
    });
  }

  #look(user: WatchedUser): void {
    const { changes } = this.#options;
    const moment = changes.moment();
    const hit = this.#hit(user.userId);
    if (hit !== undefined) judge(user, hit, moment);
    else if (!user.isAsked) {
      this.#waiting.add(user);
      this.#askSome();
    }
  }

  /** So few at a time that what users wait for goes first. */
  #askSome(): void {
    for (const user of this.#waiting) {
      if (this.#asking >= accessReadsMax) return;
      this.#waiting.delete(user);
      void this.#ask(user);
    }
  }

  async #ask(user: WatchedUser): Promise<void> {
    const { cache, changes, requestFor } = this.#options;
    this.#asking++;
    user.isAsked = true;
    try {
      const moment = changes.moment();
      judge(user, await cache.read(requestFor(user.userId)), moment);
    } catch {
      // It can't be known now, and the cache has said so to whom it concerns: streams go on.
    } finally {
      this.#asking--;
      user.isAsked = false;
      this.#askSome();
    }
  }
}

function judge(user: WatchedUser, answer: Answer, moment: number): void {
  const etag = answer.kind === "found" ? answer.etag : undefined;
  if (etag === undefined || etag !== user.etag) {
    const accessible = new Set(answer.kind === "found" ? organizationIdsIn(answer.body) : []);
    const lost = user.connections.filter(({ organizationId }) => !accessible.has(organizationId));
    for (const connection of lost) connection.revoke();
  }
  user.etag = etag;
  user.judgedAt = moment;
}
