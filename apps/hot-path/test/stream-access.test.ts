import { createInProcessTickets } from "@leftrail/auth";
import { waitUntil, type SseReader } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import { untilEnd } from "./stream-server.ts";
import { organizationId, otherOrganizationId, startStreamPool } from "./stream-pool.ts";

const own = (reader: SseReader) =>
  reader.events.map(({ type, id, data }) => ({ type, id, ...JSON.parse(data) }));
const isLeft = (condition: () => boolean, what: string) => waitUntil(condition, { what });

describe("access", () => {
  test("that is lost is told, and ends the stream within two seconds, whatever was on its way", async () => {
    await using pool = await startStreamPool();
    const [reader, other] = [await pool.open(), await pool.open({ organizationId: otherOrganizationId })];
    pool.elapse(2_000);
    await isLeft(() => pool.access.asked > 0, "a look");
    pool.access.organizationIds = [otherOrganizationId];
    pool.elapse(1_000);
    await untilEnd(reader);
    expect(own(reader)).toEqual([
      {
        type: "stream.revoked",
        id: reader.lastEventId,
        orgId: organizationId,
        occurredAt: expect.any(String),
        data: {},
      },
    ]);
    expect(reader.end).toBe("end");
    expect(other.end).toBeUndefined();
    expect(pool.endedBecause()).toEqual(["revoked"]);
  });

  test("is looked at once a second for each user, however many streams they have", async () => {
    await using pool = await startStreamPool();
    for (let count = 0; count < 10; count++) await pool.open();
    await pool.open({ userId: "another" });
    for (let second = 1; second <= 5; second++) {
      pool.elapse(1_000);
      await isLeft(() => pool.access.asked === 2 * second, `${2 * second} looks, not ${pool.access.asked}`);
    }
  });

  test("that can't be checked ends nothing; that was lost meanwhile does once it can", async () => {
    await using pool = await startStreamPool();
    const reader = await pool.open();
    pool.access.isDown = true;
    pool.access.organizationIds = [];
    for (let second = 1; second <= 10; second++) {
      pool.elapse(1_000);
      await isLeft(() => pool.access.asked === second, "a look");
    }
    expect(reader.end).toBeUndefined();
    pool.access.isDown = false;
    pool.elapse(1_000);
    await untilEnd(reader);
    expect(pool.endedBecause()).toEqual(["revoked"]);
  });

  test("that was lost between its check and the stream is noticed, also where the user has another stream", async () => {
    await using pool = await startStreamPool();
    await pool.open({ organizationId: otherOrganizationId });
    pool.access.organizationIds = [otherOrganizationId];
    pool.elapse(1_000);
    await isLeft(() => pool.access.asked === 1, "a look");
    const late = await pool.open({ accessEtag: "older" });
    pool.elapse(1_000);
    await untilEnd(late);
    expect(pool.endedBecause()).toEqual(["revoked"]);
  });
});

describe("a ticket's place", () => {
  test("is lost to a third stream of the ticket: the oldest ends at once", async () => {
    const tickets = createInProcessTickets({ clock: () => 0 });
    await using pool = await startStreamPool({ tickets });
    const { ticket } = await tickets.issue({ userId: "u", organizationId, tokenExpiresAtMs: 1e12 });
    const hash = (await tickets.find(ticket))?.hash ?? "";
    const readers: SseReader[] = [];
    for (let count = 0; count < 3; count++)
      readers.push(await pool.open({ place: await pool.places.take(hash, organizationId) }));
    await untilEnd(readers[0]!);
    expect(pool.endedBecause()).toEqual(["superseded"]);
    expect(readers.slice(1).map(({ end }) => end)).toEqual([undefined, undefined]);
  });

  test("that another instance's stream has taken is noticed within half a minute", async () => {
    const tickets = createInProcessTickets({ clock: () => 0 });
    await using pool = await startStreamPool({ tickets });
    const { ticket } = await tickets.issue({ userId: "u", organizationId, tokenExpiresAtMs: 1e12 });
    const hash = (await tickets.find(ticket))?.hash ?? "";
    const reader = await pool.open({ place: await pool.places.take(hash, organizationId) });
    for (const id of ["elsewhere-1", "elsewhere-2"]) await tickets.open(hash, id);
    pool.elapse(30_000);
    await untilEnd(reader);
    expect(pool.endedBecause()).toEqual(["superseded"]);
  });

  test("is given back at the end; while that can't be told, streams go on", async () => {
    const kept = createInProcessTickets({ clock: () => 0 });
    let isDown = false;
    const calls: string[] = [];
    const failing = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
      calls.push(name);
      if (isDown) throw new Error("Redis is down");
      return call();
    };
    const tickets = {
      ...kept,
      renew: (hash: string, id: string) => failing("renew", () => kept.renew(hash, id)),
      close: (hash: string, id: string) => failing("close", () => kept.close(hash, id)),
    };
    await using pool = await startStreamPool({ tickets });
    const { ticket } = await tickets.issue({ userId: "u", organizationId, tokenExpiresAtMs: 1e12 });
    const hash = (await tickets.find(ticket))?.hash ?? "";
    const reader = await pool.open({ place: await pool.places.take(hash, organizationId) });
    isDown = true;
    pool.elapse(60_000);
    await isLeft(() => calls.length === 2, "renewals");
    expect(reader.end).toBeUndefined();
    reader[Symbol.dispose]();
    await isLeft(() => calls.at(-1) === "close", "the place to be given back");
  });
});
