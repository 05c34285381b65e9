import { ProblemError } from "@leftrail/contract";
import { ticketLimits, type TicketLimits } from "./limits.ts";
import { hashTicket, mintTicket } from "./mint-ticket.ts";
import type { StreamTickets, TicketClaims } from "./ports.ts";

interface Kept {
  readonly claims: TicketClaims;
  /** Oldest first; within one process a stream that is open needs no lease. */
  readonly streamIds: string[];
  /** Infinity while a stream is open. */
  expiresAtMs: number;
}

/** How often what has expired is thrown away. */
const sweepIntervalMs = 30_000;

/** Tickets of a process on its own: they are gone when it ends. */
export function createInProcessTickets({
  clock,
  ...overrides
}: {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
} & Partial<TicketLimits>): StreamTickets {
  const limits = { ...ticketLimits, ...overrides };
  const kept = new Map<string, Kept>();
  let sweepAtMs = 0;

  function sweep(nowMs: number): void {
    if (nowMs < sweepAtMs && kept.size < limits.ticketsMax) return;
    sweepAtMs = nowMs + sweepIntervalMs;
    for (const [hash, ticket] of kept) if (isOver(ticket, nowMs)) kept.delete(hash);
  }

  function get(hash: string): Kept | undefined {
    const ticket = kept.get(hash);
    if (ticket === undefined || !isOver(ticket, clock())) return ticket;
    kept.delete(hash);
    return undefined;
  }

  return {
    async issue(claims) {
      const nowMs = clock();
      sweep(nowMs);
      if (kept.size >= limits.ticketsMax) {
        throw new ProblemError("unavailable", "No more tickets can be given out right now.");
      }
      const ticket = mintTicket();
      const expiresAtMs = Math.min(nowMs + limits.redeemWithinMs, claims.tokenExpiresAtMs);
      kept.set(hashTicket(ticket) ?? "", { claims, streamIds: [], expiresAtMs });
      return { ticket, expiresAtMs };
    },

    async find(ticket) {
      const hash = hashTicket(ticket);
      const claims = hash === undefined ? undefined : get(hash)?.claims;
      return hash === undefined || claims === undefined ? undefined : { hash, claims };
    },

    async open(hash, streamId) {
      const ticket = get(hash);
      if (ticket === undefined) return undefined;
      ticket.streamIds.push(streamId);
      ticket.expiresAtMs = Number.POSITIVE_INFINITY;
      const excess = Math.max(0, ticket.streamIds.length - limits.streamsPerTicketMax);
      return ticket.streamIds.splice(0, excess);
    },

    async renew(hash, streamId) {
      const ticket = get(hash);
      if (ticket === undefined) return "unknown";
      return ticket.streamIds.includes(streamId) ? "held" : "lost";
    },

    async close(hash, streamId) {
      const ticket = get(hash);
      const at = ticket?.streamIds.indexOf(streamId) ?? -1;
      if (ticket === undefined || at === -1) return;
      ticket.streamIds.splice(at, 1);
      if (ticket.streamIds.length === 0) ticket.expiresAtMs = clock() + limits.reuseWithinMs;
    },
  };
}

const isOver = ({ expiresAtMs, claims }: Kept, nowMs: number): boolean =>
  nowMs >= expiresAtMs || nowMs >= claims.tokenExpiresAtMs;
