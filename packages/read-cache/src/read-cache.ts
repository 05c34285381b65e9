import { areEqual } from "./are-equal.ts";
import { ProblemError } from "@leftrail/contract";
import type { OutboxReads } from "@leftrail/store";
import type { CacheEvent } from "./cache-event.ts";
import { createDatabaseGate } from "./database-gate.ts";
import { areCurrent, isForgottenSince, type EpochTable, type ScopeState } from "./epoch-table.ts";
import { createFlights } from "./flights.ts";
import { foundOf } from "./found.ts";
import {
  answerTimeoutMs,
  attemptsMax,
  lookAgeMaxMs,
  proofAgeMaxMs,
  rereadsMax,
  staleMaxMs,
  tickIntervalMs,
  ttlMs,
} from "./limits.ts";
import { createLocalTier, isFresh, localBytesMax, type Slot } from "./local-tier.ts";
import { createOutboxWatch } from "./outbox-watch.ts";
import type {
  Answer,
  ChangeFeed,
  ReadAnswer,
  ReadRequest,
  SharedEntry,
  SharedReading,
  SharedTier,
} from "./ports.ts";
import { withTimeout } from "./with-timeout.ts";

export interface ReadCacheOptions {
  /** What is known of epochs; the listener of the feed. */
  readonly table: EpochTable;
  readonly feed: ChangeFeed;
  readonly shared: SharedTier;
  readonly outbox: OutboxReads;
  /** Resolves when the database answers. */
  readonly ping: () => Promise<void>;
  /** Monotonic, in milliseconds; also the feed's and the shared tier's. */
  readonly clock: () => number;
  /** Called synchronously; must be quick and must not throw. */
  readonly onEvent?: (event: CacheEvent) => void;
  readonly localBytesMax?: number;
}

/** See docs/ARCHITECTURE.md, "Freshness". */
export interface ReadCache {
  /** The answer, where this process can prove that it is fresh: without a promise or any I/O. */
  hit(key: string, variant: string): Answer | undefined;
  /** The answer from whichever tier may give it, else from the database. Throws what `load` throws. */
  read(request: ReadRequest): Promise<ReadAnswer>;
  /** Does once what `start` does again and again; never rejects. */
  tick(): Promise<void>;
  start(): Disposable;
  /** Age of the relay's last proof in milliseconds; Infinity before the first. */
  proofAgeMs(): number;
  readonly localBytes: number;
}

/** What one attempt at an answer has found out. */
interface Attempt extends ReadRequest {
  readonly id: string;
  readonly states: readonly ScopeState[];
  /** The table's moment before anything was read. */
  readonly moment: number;
  /** Every commit before it was known before anything was read; -Infinity: none. */
  readonly knownMs: number;
  /** Undefined: the shared tier can't be asked now. */
  readonly reading: SharedReading | undefined;
}

interface Landed {
  readonly answer: Answer;
  /** An invalidation was heard while the database was read. */
  readonly isOvertaken: boolean;
}

export function createReadCache(options: ReadCacheOptions): ReadCache {
  const { table, feed, shared, clock, onEvent = () => {} } = options;
  const local = createLocalTier(table, options.localBytesMax ?? localBytesMax);
  const watch = createOutboxWatch({ outbox: options.outbox, feed, clock, onEvent });
  const gate = createDatabaseGate({ ping: options.ping, clock, onEvent });
  const flights = createFlights<Landed>();

  const isProven = (nowMs: number): boolean => nowMs - feed.provenAtMs() <= proofAgeMaxMs;

  async function read(request: ReadRequest): Promise<ReadAnswer> {
    const states = table.hold(request.read.scopes);
    const deadlineMs = clock() + answerTimeoutMs;
    try {
      for (let attempt = 1; attempt <= attemptsMax && clock() < deadlineMs; attempt++) {
        const answer = await tryRead(request, states, { attempt, deadlineMs });
        if (answer !== undefined) return answer;
        onEvent({ kind: "overtaken" });
      }
      throw tooLate();
    } finally {
      table.release(states);
    }
  }

  /** Undefined: an invalidation was heard meanwhile, so that what was read may be older. */
  async function tryRead(
    request: ReadRequest,
    states: readonly ScopeState[],
    { attempt: attemptNumber, deadlineMs }: { readonly attempt: number; readonly deadlineMs: number },
  ): Promise<ReadAnswer | undefined> {
    const moment = table.moment();
    const knownMs = watch.knownAtMs(request.read.scopes);
    const looked = await readShared(request, states, deadlineMs);
    // What Redis said before an invalidation that was heard since counts for nothing.
    const isLearnt = looked !== undefined && table.learn(states, looked.epochs, moment);
    if (looked !== undefined && !isLearnt && attemptNumber <= rereadsMax) return undefined;
    const reading = isLearnt ? looked : undefined;
    const attempt: Attempt = {
      ...request,
      id: idOf(request.read.key, request.variant),
      states,
      moment,
      knownMs,
      reading,
    };
    const kept = reading === undefined ? undefined : keptAnswer(attempt, reading);
    if (kept !== undefined) return kept;
    try {
      const { answer, isOvertaken } = await withTimeout(fill(attempt), deadlineMs - clock(), tooLate);
      return isOvertaken ? undefined : { ...answer, tier: "miss" };
    } catch (error) {
      const stale = isUnavailable(error) ? staleAnswer(attempt) : undefined;
      if (stale === undefined) throw error;
      return stale;
    }
  }

  async function readShared(request: ReadRequest, states: readonly ScopeState[], deadlineMs: number) {
    const nowMs = clock();
    if (!shared.isUsable(nowMs)) return undefined;
    const known = { epochs: states.map(({ epoch }) => epoch), areProven: isProven(nowMs) };
    const reading = shared.read(request.read, known);
    return withTimeout(reading, deadlineMs - nowMs, tooLate).catch(() => undefined);
  }

  /** From a tier: with the epochs of now, and no older than what was shown before. */
  function keptAnswer(attempt: Attempt, reading: SharedReading): ReadAnswer | undefined {
    const nowMs = clock();
    // What was heard after Redis was asked says nothing of what Redis said; what was seen does.
    const knownMs = Math.min(attempt.knownMs, watch.knownAtMs(attempt.read.scopes));
    const ageMaxMs = knownMs > feed.provenAtMs() ? lookAgeMaxMs : proofAgeMaxMs;
    if (nowMs - knownMs > ageMaxMs) return undefined;
    const slot = local.get(attempt.id);
    if (slot !== undefined && isFresh(slot, nowMs)) return { ...slot.answer, tier: "l1" };
    if (slot !== undefined && knownMs <= slot.shownAtMs) return undefined;
    const entry = openCurrent(attempt, reading);
    if (entry === undefined || nowMs >= entry.freshUntilMs || nowMs >= entry.endsAtMs) return undefined;
    const { states, moment } = attempt;
    local.set(attempt.id, { ...entry, states, moment, readAtMs: nowMs, shownAtMs: nowMs });
    return { ...entry.answer, tier: "l2" };
  }

  function openCurrent({ variant }: Attempt, reading: SharedReading): SharedEntry | undefined {
    const entry = reading.open(variant);
    if (entry === undefined || areEqual(entry.stamps, reading.epochs)) return entry;
    onEvent({ kind: "refused" });
    return undefined;
  }

  function fill(attempt: Attempt): Promise<Landed> {
    const stamps = attempt.reading?.epochs ?? null;
    return flights.board({
      id: attempt.id,
      stamps: stamps?.join(" ") ?? "",
      // Nothing was heard between; what was committed unheard is younger than a read may take, so in time.
      // Unless an own look has seen that one of the scopes changed.
      mayJoinUnderWay: stamps !== null && watch.knownAtMs(attempt.read.scopes) > Number.NEGATIVE_INFINITY,
      load: () => readDatabase(attempt, stamps),
      onJoin: () => onEvent({ kind: "joined" }),
    });
  }

  async function readDatabase(attempt: Attempt, stamps: readonly string[] | null): Promise<Landed> {
    const { id, read: keyed, states, load } = attempt;
    // For the flight's own time: those who board it hold the same states, but the first may not stay.
    const held = table.hold(keyed.scopes);
    try {
      let moment = table.moment();
      let readAtMs = clock();
      let known: readonly (string | undefined)[] = [];
      const loaded = await gate.run(() => {
        readAtMs = clock();
        // What was heard while this waited for its turn is no newer than what it reads.
        moment = table.moment();
        known = states.map(({ epoch }) => epoch);
        return load();
      });
      const answer = loaded.kind === "found" ? foundOf(loaded.body) : loaded;
      const nowMs = clock();
      onEvent({ kind: "filled", durationMs: nowMs - readAtMs });
      const isOvertaken =
        isForgottenSince(states, moment) ||
        states.some(({ epoch }, at) => known[at] !== undefined && known[at] !== epoch);
      const isStamped = !isOvertaken && stamps !== null && areCurrent(states, stamps);
      const endsInMs = loaded.kind === "found" ? loaded.endsInMs : null;
      const slot: Slot = {
        answer,
        states,
        stamps: isStamped ? stamps : null,
        moment,
        readAtMs,
        shownAtMs: nowMs,
        freshUntilMs: readAtMs + ttlMs,
        endsAtMs: endsInMs === null ? Number.POSITIVE_INFINITY : readAtMs + endsInMs,
      };
      const newest = keepNewest(id, slot);
      if (newest === slot) share(attempt, slot);
      return { answer: newest.answer, isOvertaken };
    } finally {
      table.release(held);
    }
  }

  /** Of two reads the one that began later shows later data; the other's is not shown after it. */
  function keepNewest(id: string, slot: Slot): Slot {
    const before = local.get(id);
    if (before !== undefined && before.readAtMs > slot.readAtMs) return before;
    local.set(id, slot);
    return slot;
  }

  function share({ read: { key }, variant }: Attempt, slot: Slot): void {
    const { answer, stamps, freshUntilMs, endsAtMs } = slot;
    if (stamps === null || answer.kind !== "found") return;
    shared.write(key, { variant, stamps, answer, freshUntilMs, endsAtMs });
  }

  /** While the database is down: what is kept and, as far as anybody here has heard, not invalidated. */
  function staleAnswer(attempt: Attempt): ReadAnswer | undefined {
    // Heard since Redis was asked: its word is no proof that nothing changed.
    if (attempt.reading !== undefined && isForgottenSince(attempt.states, attempt.moment)) return undefined;
    const nowMs = clock();
    const knownMs = watch.knownAtMs(attempt.read.scopes);
    if (nowMs - knownMs > staleMaxMs) return undefined;
    const slot = local.get(attempt.id);
    if (slot !== undefined && isStillTrue(slot, attempt, nowMs)) return { ...slot.answer, tier: "stale" };
    if (attempt.reading === undefined || (slot !== undefined && knownMs <= slot.shownAtMs)) return undefined;
    const entry = openCurrent(attempt, attempt.reading);
    return entry === undefined || nowMs >= entry.endsAtMs ? undefined : { ...entry.answer, tier: "stale" };
  }

  async function tick(): Promise<void> {
    await Promise.all([watch.tick(), gate.tick()]);
  }

  return {
    hit(key, variant) {
      const nowMs = clock();
      if (!isProven(nowMs)) return undefined;
      const slot = local.get(idOf(key, variant));
      return slot !== undefined && isFresh(slot, nowMs) ? slot.answer : undefined;
    },
    read,
    tick,
    start() {
      const timer = setInterval(() => void tick(), tickIntervalMs);
      timer.unref();
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
    proofAgeMs: () => clock() - feed.provenAtMs(),
    get localBytes() {
      return local.bytes;
    },
  };
}

/** As far as can be known here: by the epochs in Redis, else by what was heard since. */
function isStillTrue(slot: Slot, { reading }: Attempt, nowMs: number): boolean {
  const { states, stamps, moment } = slot;
  if (nowMs >= slot.endsAtMs || nowMs - slot.readAtMs > ttlMs + staleMaxMs) return false;
  if (reading !== undefined) return stamps !== null && areEqual(stamps, reading.epochs);
  return (stamps !== null && areCurrent(states, stamps)) || !isForgottenSince(states, moment);
}

const idOf = (key: string, variant: string): string => (variant === "" ? key : `${key}#${variant}`);

/** The database is slow, or invalidations come faster than it answers. */
const tooLate = (): ProblemError =>
  new ProblemError("unavailable", "No fresh answer can be had in time.", { retryAfterSeconds: 1 });

const isUnavailable = (error: unknown): boolean =>
  error instanceof ProblemError && error.code === "unavailable";
