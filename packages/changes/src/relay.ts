import { setTimeout as sleep } from "node:timers/promises";
import type { Outbox, OutboxLease } from "@leftrail/store";
import type { ChangeBus } from "./ports.ts";

/** Rows taken at once. */
const rowsPerPassMax = 1_000;
/** How often the outbox is looked through without being woken; each complete pass is a beat. */
const beatIntervalMs = 100;
/** How often boundaries that time has reached are looked for. */
const boundaryIntervalMs = 200;
/** How often a standby asks to lead. */
const standbyIntervalMs = 500;
/** A leader whose bus fails so often in a row makes room for one whose bus may not. */
const busFailuresMax = 5;

/** What an operator counts and logs. */
export type RelayEvent =
  | { readonly kind: "leading" }
  | { readonly kind: "resigned" }
  | { readonly kind: "relayed"; readonly rows: number; readonly scopes: number; readonly ageMs: number }
  | { readonly kind: "beat" }
  | { readonly kind: "failed"; readonly where: "outbox" | "bus"; readonly error: unknown };

/** What whoever leads does beside relaying: after a pass, on its lease, never twice at once. Must not reject. */
export type Chore = (lease: OutboxLease) => Promise<void>;

export interface RelayOptions {
  readonly outbox: Outbox;
  readonly bus: ChangeBus;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  readonly chores?: readonly Chore[];
  /** Called synchronously; must be quick and must not throw. */
  readonly onEvent?: (event: RelayEvent) => void;
}

/** Carries what the outbox holds to the bus; of all relays of a database one leads. */
export interface Relay {
  /** One pass: leads if nobody does, relays what is pending, beats. Never rejects; false: another leads, or it failed. */
  pass(): Promise<boolean>;
  /** Leaves the lead to others, until the next pass. */
  resign(): Promise<void>;
  /** Goes on by itself, woken by the database, until disposed of. */
  start(): AsyncDisposable;
}

export function createRelay(options: RelayOptions): Relay {
  const { outbox, bus, clock, chores = [], onEvent = () => {} } = options;
  const choresUnderWay = new Map<Chore, Promise<void>>();
  let lease: OutboxLease | undefined;
  let boundariesAtMs = Number.NEGATIVE_INFINITY;
  let busFailures = 0;
  let markedSession: string | undefined;

  async function lead(): Promise<OutboxLease | undefined> {
    lease ??= await outbox.tryLead().then((taken) => {
      if (taken !== undefined) {
        // Whoever led meanwhile may have told somebody else.
        bus.restart();
        onEvent({ kind: "leading" });
      }
      return taken;
    });
    return lease;
  }

  async function resign(): Promise<void> {
    const held = lease;
    if (held === undefined) return;
    lease = undefined;
    markedSession = undefined;
    onEvent({ kind: "resigned" });
    await held[Symbol.asyncDispose]();
  }

  /** Resolves with the moment before which everything committed has been published. */
  async function drain(held: OutboxLease): Promise<number> {
    for (;;) {
      const provenMs = await onBus(() => bus.now());
      const rows = await held.pending(rowsPerPassMax);
      if (rows.length > 0) {
        const scopes = [...new Set(rows.map(({ scope }) => scope))];
        const ageMs = Math.max(...rows.map((row) => row.ageMs));
        const mark = await onBus(() => bus.publish({ scopes, ageMs }));
        await held.remove(
          rows.map(({ id }) => id),
          mark,
        );
        markedSession = mark.session;
        onEvent({ kind: "relayed", rows: rows.length, scopes: scopes.length, ageMs });
      }
      if (rows.length < rowsPerPassMax) return provenMs;
    }
  }

  async function pass(): Promise<boolean> {
    try {
      const held = await lead();
      if (held === undefined) return false;
      if (clock() - boundariesAtMs >= boundaryIntervalMs) {
        boundariesAtMs = clock();
        await held.recordBoundaries();
      }
      const provenMs = await drain(held);
      const mark = await onBus(() => bus.beat(provenMs));
      // Else whoever hears this session could not tell what the rows of an earlier one have to do with it.
      if (mark.session !== markedSession) await held.remove([], mark);
      markedSession = mark.session;
      busFailures = 0;
      onEvent({ kind: "beat" });
      attend(held);
      return true;
    } catch (error) {
      await recover(error);
      return false;
    }
  }

  /** Not waited for: what is said of freshness must not be late for them. */
  function attend(held: OutboxLease): void {
    for (const chore of chores) {
      if (choresUnderWay.has(chore)) continue;
      choresUnderWay.set(
        chore,
        chore(held).finally(() => choresUnderWay.delete(chore)),
      );
    }
  }

  async function recover(failure: unknown): Promise<void> {
    const isBus = failure instanceof BusFailure;
    onEvent({ kind: "failed", where: isBus ? "bus" : "outbox", error: isBus ? failure.cause : failure });
    busFailures = isBus ? busFailures + 1 : 0;
    // A lease that failed is lost: its lock went with its connection.
    if (isBus && busFailures < busFailuresMax) return;
    busFailures = 0;
    await resign().catch(() => undefined);
  }

  return {
    pass,
    resign,
    start() {
      const stopping = new AbortController();
      const bell = createBell();
      const running = run(stopping.signal, bell);
      return {
        async [Symbol.asyncDispose]() {
          stopping.abort();
          bell.ring();
          await running;
        },
      };
    },
  };

  async function run(signal: AbortSignal, bell: Bell): Promise<void> {
    const listening = listen(signal, bell);
    while (!signal.aborted) {
      const isLeading = await pass();
      if (!signal.aborted)
        await bell.wait(isLeading || lease !== undefined ? beatIntervalMs : standbyIntervalMs);
    }
    await (await listening)?.[Symbol.asyncDispose]();
    // First: a chore that is long ends with the lease, and nobody relays while it is held for that.
    await resign().catch(() => undefined);
    await Promise.all(choresUnderWay.values());
  }

  /** Being woken is a convenience: without it the passes find the rows. */
  async function listen(signal: AbortSignal, bell: Bell): Promise<AsyncDisposable | undefined> {
    while (!signal.aborted) {
      try {
        return await outbox.onPending(() => bell.ring());
      } catch (error) {
        onEvent({ kind: "failed", where: "outbox", error });
        await sleep(standbyIntervalMs, undefined, { ref: false, signal }).catch(() => undefined);
      }
    }
    return undefined;
  }
}

class BusFailure extends Error {
  override readonly name = "BusFailure";
}

async function onBus<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new BusFailure("the bus is out of reach", { cause });
  }
}

/** For one who waits; rung while nobody does, it is heard by the next wait. */
interface Bell {
  ring(): void;
  wait(timeoutMs: number): Promise<void>;
}

function createBell(): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      isRung = true;
      wake?.();
    },
    async wait(timeoutMs) {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs).unref();
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isRung = false;
      wake = undefined;
    },
  };
}
