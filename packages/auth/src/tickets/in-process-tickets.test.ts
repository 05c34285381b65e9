import { describe, expect, test } from "vitest";
import { ManualClock } from "../../test/fixture.ts";
import { testStreamTickets } from "../../test/stream-tickets-suite.ts";
import { createInProcessTickets } from "./in-process-tickets.ts";

describe("tickets of one process", () => {
  testStreamTickets(() => {
    const clock = new ManualClock();
    return {
      tickets: createInProcessTickets({ clock: clock.now }),
      nowMs: clock.now,
      edgeMs: 1,
      elapse: async (ms) => void (clock.nowMs += ms),
    };
  });
});

test("more than fit are refused for now, until some have expired", async () => {
  const clock = new ManualClock();
  const tickets = createInProcessTickets({ clock: clock.now, ticketsMax: 2 });
  const claims = { userId: "u", organizationId: "o", tokenExpiresAtMs: clock.nowMs + 3_600_000 };
  const [first] = [await tickets.issue(claims), await tickets.issue(claims)];
  const { hash = "" } = (await tickets.find(first.ticket)) ?? {};
  await tickets.open(hash, "one");
  await expect(tickets.issue(claims)).rejects.toMatchObject({ code: "unavailable" });
  clock.nowMs += 60_000;
  await tickets.issue(claims);
  expect(await tickets.renew(hash, "one")).toBe("held");
  await expect(tickets.issue(claims)).rejects.toMatchObject({ code: "unavailable" });
});

test("a stream that is open in this process needs no renewal", async () => {
  const clock = new ManualClock();
  const tickets = createInProcessTickets({ clock: clock.now });
  const claims = { userId: "u", organizationId: "o", tokenExpiresAtMs: clock.nowMs + 3_600_000 };
  const { ticket } = await tickets.issue(claims);
  await tickets.open((await tickets.find(ticket))?.hash ?? "", "one");
  clock.nowMs += 3_000_000;
  expect(await tickets.find(ticket)).toBeDefined();
});
