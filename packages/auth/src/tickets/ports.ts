/** Whom a ticket speaks for, and for what. */
export interface TicketClaims {
  /** Lower-case UUID. */
  readonly userId: string;
  /** Lower-case UUID. */
  readonly organizationId: string;
  /** The `exp` of the token that it came from, in milliseconds since the epoch. */
  readonly tokenExpiresAtMs: number;
}

export interface IssuedTicket {
  /** The only time that it is shown: `st_` and 32 random bytes as base64url. */
  readonly ticket: string;
  /** Until when it must have opened its first stream, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface FoundTicket {
  /** What stands in the ticket's place from here on. */
  readonly hash: string;
  readonly claims: TicketClaims;
}

/**
 * Tickets that stand for an access token in the URL of a stream. Kept as a hash only. Every method throws
 * `unavailable` while nothing can be known of tickets.
 */
export interface StreamTickets {
  issue(claims: TicketClaims): Promise<IssuedTicket>;
  /** Undefined: unknown, expired, or no ticket at all. Finding is not using. */
  find(ticket: string): Promise<FoundTicket | undefined>;
  /**
   * Opens a stream. Answers the ids of older streams that the ticket carries no longer, anywhere; undefined:
   * the ticket has expired meanwhile.
   */
  open(hash: string, streamId: string): Promise<readonly string[] | undefined>;
  /**
   * To be called every `ticketRenewIntervalMs` while the stream is open. `lost`: another stream has taken its
   * place. `unknown`: there is no such ticket any more, which says nothing of its stream.
   */
  renew(hash: string, streamId: string): Promise<"held" | "lost" | "unknown">;
  /** The stream has ended. */
  close(hash: string, streamId: string): Promise<void>;
}
