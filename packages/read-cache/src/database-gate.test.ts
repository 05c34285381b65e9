import { setImmediate as turn } from "node:timers/promises";
import { ProblemError } from "@leftrail/contract";
import { waitUntil } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import type { CacheEvent } from "./cache-event.ts";
import { createDatabaseGate } from "./database-gate.ts";
import { databaseReadsMax, databaseWaitingMax, pingIntervalMs } from "./limits.ts";

const unavailable = expect.objectContaining({ code: "unavailable" });
const fail = (code: "unavailable" | "conflict") => async () => {
  throw new ProblemError(code, "as the test says");
};
const hang = () => new Promise<never>(() => undefined);

/** A gate before a database that answers pings as the test says. */
function openGate() {
  const state = { nowMs: 1_000_000, pings: 0, ping: async (): Promise<void> => undefined };
  const events: CacheEvent[] = [];
  const gate = createDatabaseGate({
    ping: () => {
      state.pings++;
      return state.ping();
    },
    clock: () => state.nowMs,
    onEvent: (event) => events.push(event),
  });
  /** Until a ping has told that it is down. */
  const goDown = async (): Promise<void> => {
    state.ping = fail("unavailable");
    await expect(gate.run(fail("unavailable"))).rejects.toThrow(unavailable);
    await waitUntil(() => events.length > 0, { what: "the ping to fail" });
  };
  return { gate, state, events, goDown };
}

describe("whether the database is there", () => {
  test("is told by a ping, not by the read that failed", async () => {
    const { gate, state, events } = openGate();
    await expect(gate.run(fail("unavailable"))).rejects.toThrow(unavailable);
    await waitUntil(() => state.pings === 1, { what: "the ping" });
    expect(await gate.run(async () => "read")).toBe("read");
    expect(events).toEqual([]);
  });

  test("is not asked because of a failure that is no outage", async () => {
    const { gate, state } = openGate();
    await expect(gate.run(fail("conflict"))).rejects.toThrow("as the test says");
    expect(state.pings).toBe(0);
  });

  test("is asked once at a time, however many reads fail", async () => {
    const { gate, state } = openGate();
    state.ping = hang;
    await Promise.allSettled(Array.from({ length: 20 }, () => gate.run(fail("unavailable"))));
    expect(state.pings).toBe(1);
  });

  test("is denied by a ping that does not answer in time", async () => {
    const { gate, state, events } = openGate();
    state.ping = hang;
    await expect(gate.run(fail("unavailable"))).rejects.toThrow(unavailable);
    await waitUntil(() => events.length > 0, { what: "the ping to be given up" });
    expect(events).toEqual([{ kind: "database_state", isUp: false }]);
    await expect(gate.run(async () => "read")).rejects.toThrow(unavailable);
  });

  test("is asked again and again while it is denied, in its time, and never while it is not", async () => {
    const { gate, state, events, goDown } = openGate();
    state.nowMs += pingIntervalMs;
    await gate.tick();
    expect(state.pings).toBe(0);
    await goDown();
    state.nowMs += pingIntervalMs - 1;
    await gate.tick();
    expect(state.pings).toBe(1);
    state.nowMs += 1;
    await gate.tick();
    expect(state.pings).toBe(2);
    expect(events).toHaveLength(1);
    state.ping = async () => undefined;
    state.nowMs += pingIntervalMs;
    await gate.tick();
    expect(events.at(-1)).toEqual({ kind: "database_state", isUp: true });
    expect(await gate.run(async () => "read")).toBe("read");
  });
});

describe("turns", () => {
  const occupied = (gate: ReturnType<typeof openGate>["gate"]) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const reads = Array.from({ length: databaseReadsMax }, () => gate.run(() => promise));
    return async () => {
      resolve();
      await Promise.all(reads);
    };
  };

  test("go to who waited longest, one each time a read has ended", async () => {
    const { gate } = openGate();
    const end = occupied(gate);
    const ran: number[] = [];
    const waiting = [1, 2, 3].map((n) => gate.run(async () => void ran.push(n)));
    expect(ran).toEqual([]);
    await end();
    await Promise.all(waiting);
    expect(ran).toEqual([1, 2, 3]);
  });

  test("are given up by who waited too long: the next in the line is not held up, and as many run as before", async () => {
    const { gate } = openGate();
    const held = Promise.withResolvers<void>();
    let running = 0;
    let runningMax = 0;
    const work = async () => {
      runningMax = Math.max(runningMax, ++running);
      await held.promise;
      running--;
    };
    const late = await Promise.allSettled(Array.from({ length: databaseReadsMax + 3 }, () => gate.run(work)));
    expect(late.map(({ status }) => status)).toEqual(late.map(() => "rejected"));
    held.resolve();
    await Promise.all(Array.from({ length: 3 * databaseReadsMax }, () => gate.run(work)));
    expect(runningMax).toBe(databaseReadsMax);
    const again = occupied(gate);
    await again();
  });

  test("are waited for by so many: one more is told at once", async () => {
    const { gate } = openGate();
    const end = occupied(gate);
    const waiting = Array.from({ length: databaseWaitingMax }, () => gate.run(async () => undefined));
    let isTold = false;
    gate.run(async () => undefined).catch(() => (isTold = true));
    await turn();
    expect(isTold).toBe(true);
    await end();
    await Promise.all(waiting);
  });

  test("that were given up leave room in the line at once, though nothing has ended", async () => {
    const { gate } = openGate();
    const held = Promise.withResolvers<void>();
    const reads = Array.from({ length: databaseReadsMax + databaseWaitingMax }, () =>
      gate.run(() => held.promise),
    );
    await Promise.allSettled(reads);
    const next = gate.run(async () => "read");
    held.resolve();
    expect(await next).toBe("read");
  });
});
