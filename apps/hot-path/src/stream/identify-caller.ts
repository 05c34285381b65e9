import { isTicket, unauthenticated, type StreamTickets, type TokenVerifier } from "@leftrail/auth";

/** Whom a token or a ticket speaks for. */
export interface Caller {
  readonly userId: string;
  /** The end of the token, or of the one that the ticket came from, without any tolerance. */
  readonly expiresAtMs: number;
  /** The token's claim. */
  readonly claimedOrganizationId: string | null;
  readonly ticket: { readonly hash: string; readonly organizationId: string } | undefined;
}

export interface IdentifyCallerContext {
  readonly verifier: Pick<TokenVerifier, "verify">;
  readonly tickets: Pick<StreamTickets, "find">;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** Throws `unauthenticated`, or `unavailable` when that can't be known. */
export async function identifyCaller(ctx: IdentifyCallerContext, token: string): Promise<Caller> {
  const caller = isTicket(token) ? await findHolder(ctx, token) : await verifyToken(ctx, token);
  // Requests may come within the tolerance of clocks; a stream ends with its token, so this one is over.
  if (caller.expiresAtMs <= ctx.wallClock()) throw unauthenticated("the token has ended");
  return caller;
}

async function verifyToken({ verifier }: IdentifyCallerContext, token: string): Promise<Caller> {
  const { userId, expiresAtSeconds, organizationId } = await verifier.verify(token);
  return {
    userId,
    expiresAtMs: Math.floor(expiresAtSeconds * 1000),
    claimedOrganizationId: organizationId,
    ticket: undefined,
  };
}

async function findHolder({ tickets }: IdentifyCallerContext, token: string): Promise<Caller> {
  const found = await tickets.find(token);
  if (found === undefined) throw unauthenticated("the ticket is unknown or has expired");
  const { userId, organizationId, tokenExpiresAtMs } = found.claims;
  return {
    userId,
    expiresAtMs: tokenExpiresAtMs,
    claimedOrganizationId: null,
    ticket: { hash: found.hash, organizationId },
  };
}
