/** How long a new ticket waits for its first stream. */
const redeemWithinMs = 60_000;
/** How long a ticket without an open stream may open another one: EventSource comes back with the same URL. */
const reuseWithinMs = 120_000;
/** Streams that one ticket carries; one more ends the oldest. */
const streamsPerTicketMax = 2;
/** How often an open stream says that it still is. */
export const ticketRenewIntervalMs = 30_000;
/** How long it counts as open without saying so: its process may be gone. */
const ticketLeaseMs = 75_000;
/** Tickets that a process keeps where there is no Redis. */
const ticketsInProcessMax = 100_000;

/** As one value, for tests have others. */
export const ticketLimits = {
  redeemWithinMs,
  reuseWithinMs,
  streamsPerTicketMax,
  leaseMs: ticketLeaseMs,
  ticketsMax: ticketsInProcessMax,
};

export type TicketLimits = typeof ticketLimits;
