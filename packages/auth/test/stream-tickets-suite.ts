import { randomUUID } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import type { StreamTickets, TicketClaims } from "../src/tickets/ports.ts";

/** Tickets under test, and time that only goes on when it is told to. */
export interface TicketsHarness {
  readonly tickets: StreamTickets;
  nowMs(): number;
  /** How near to an end something still counts as before it. */
  readonly edgeMs: number;
  elapse(ms: number): Promise<void>;
}

const seconds = (count: number): number => count * 1000;

/** What both kinds of tickets must do. */
export function testStreamTickets(start: () => TicketsHarness | Promise<TicketsHarness>): void {
  let harness: TicketsHarness;
  let tickets: StreamTickets;
  let claims: TicketClaims;
  beforeEach(async () => {
    harness = await start();
    ({ tickets } = harness);
    claims = {
      userId: randomUUID(),
      organizationId: randomUUID(),
      tokenExpiresAtMs: harness.nowMs() + seconds(3600),
    };
  });

  const issue = async (): Promise<{ ticket: string; hash: string }> => {
    const { ticket } = await tickets.issue(claims);
    return { ticket, hash: (await tickets.find(ticket))?.hash ?? "not found" };
  };
  const isKnown = async (ticket: string): Promise<boolean> => (await tickets.find(ticket)) !== undefined;

  test("a ticket is opaque, never the same twice, and carries what it was issued for", async () => {
    const { ticket, expiresAtMs } = await tickets.issue(claims);
    expect(ticket).toMatch(/^st_[\w-]{43}$/);
    expect(expiresAtMs).toBe(harness.nowMs() + seconds(60));
    expect((await tickets.issue(claims)).ticket).not.toBe(ticket);
    expect(await tickets.find(ticket)).toEqual({ claims, hash: expect.stringMatching(/^[\w-]{43}$/) });
  });

  test.each(["", "st_", "st_x", `st_${"a".repeat(43)}`, `st_${"a".repeat(44)}`, "e30.e30.e30", "st_*\0\n"])(
    "what was never issued is unknown: %j",
    async (text) => {
      expect(await tickets.find(text)).toBeUndefined();
    },
  );

  test("it must be redeemed within 60 seconds, and looking at it does not count", async () => {
    const { ticket, hash } = await issue();
    await harness.elapse(seconds(60) - harness.edgeMs);
    expect(await isKnown(ticket)).toBe(true);
    await harness.elapse(harness.edgeMs);
    expect(await isKnown(ticket)).toBe(false);
    expect(await tickets.open(hash, "one")).toBeUndefined();
  });

  test("it may be used again while its stream is open, and for 120 seconds after", async () => {
    const { ticket, hash } = await issue();
    expect(await tickets.open(hash, "one")).toEqual([]);
    for (let round = 0; round < 10; round++) {
      await harness.elapse(seconds(30));
      expect(await tickets.renew(hash, "one")).toBe("held");
    }
    await tickets.close(hash, "one");
    await harness.elapse(seconds(120) - harness.edgeMs);
    expect(await isKnown(ticket)).toBe(true);
    await harness.elapse(harness.edgeMs);
    expect(await isKnown(ticket)).toBe(false);
    expect(await tickets.renew(hash, "one")).toBe("unknown");
  });

  test("the 120 seconds begin anew with each stream, and only when the last one has ended", async () => {
    const { ticket, hash } = await issue();
    await tickets.open(hash, "one");
    await tickets.open(hash, "two");
    await tickets.close(hash, "one");
    for (let round = 0; round < 5; round++) {
      await harness.elapse(seconds(30));
      expect(await tickets.renew(hash, "two")).toBe("held");
    }
    await tickets.close(hash, "two");
    await harness.elapse(seconds(100));
    await tickets.open(hash, "three");
    await tickets.close(hash, "three");
    await harness.elapse(seconds(120) - harness.edgeMs);
    expect(await isKnown(ticket)).toBe(true);
    await harness.elapse(harness.edgeMs);
    expect(await isKnown(ticket)).toBe(false);
  });

  test("it carries two streams; a third ends the oldest, which finds out when it renews", async () => {
    const { hash } = await issue();
    expect(await tickets.open(hash, "one")).toEqual([]);
    expect(await tickets.open(hash, "two")).toEqual([]);
    expect(await tickets.open(hash, "three")).toEqual(["one"]);
    expect(await tickets.renew(hash, "one")).toBe("lost");
    expect(await tickets.renew(hash, "two")).toBe("held");
    expect(await tickets.open(hash, "four")).toEqual(["two"]);
    expect(await tickets.renew(hash, "three")).toBe("held");
    expect(await tickets.renew(hash, "four")).toBe("held");
  });

  test("one that has ended makes room, and closing what is closed or lost changes nothing", async () => {
    const { hash } = await issue();
    await tickets.open(hash, "one");
    await tickets.open(hash, "two");
    await tickets.close(hash, "one");
    await tickets.close(hash, "one");
    expect(await tickets.open(hash, "three")).toEqual([]);
    expect(await tickets.renew(hash, "two")).toBe("held");
    await tickets.close("of no ticket", "one");
  });

  test("it never outlives its token: not new, not used, not with an open stream", async () => {
    claims = { ...claims, tokenExpiresAtMs: harness.nowMs() + seconds(40) };
    const unused = await tickets.issue(claims);
    expect(unused.expiresAtMs).toBe(claims.tokenExpiresAtMs);
    const used = await issue();
    const open = await issue();
    await tickets.open(used.hash, "one");
    await tickets.close(used.hash, "one");
    await tickets.open(open.hash, "two");
    await harness.elapse(seconds(40) - harness.edgeMs);
    for (const { ticket } of [unused, used, open]) expect(await isKnown(ticket)).toBe(true);
    await harness.elapse(harness.edgeMs);
    for (const { ticket } of [unused, used, open]) expect(await isKnown(ticket)).toBe(false);
    expect(await tickets.renew(open.hash, "two")).toBe("unknown");
  });

  test("two tickets know nothing of each other", async () => {
    const [one, other] = [await issue(), await issue()];
    for (const id of ["a", "b"]) await tickets.open(one.hash, id);
    for (const id of ["c", "d"]) expect(await tickets.open(other.hash, id)).toEqual([]);
    expect(await tickets.renew(one.hash, "c")).toBe("lost");
  });
}
