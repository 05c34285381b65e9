import type { Principal, StreamTickets } from "@leftrail/auth";
import { unauthenticated } from "@leftrail/auth";
import { streamTicketInputSchema, type IssuedStreamTicket } from "@leftrail/contract";
import { parseInput } from "@leftrail/service";
import type { Context } from "hono";
import { notAccessible } from "../http/not-accessible.ts";
import { refuseQuery } from "../http/query.ts";
import type { AccessWatch } from "./access-watch.ts";

/** `POST /v1/stream/tickets`: something to stand in a stream's URL in the place of the caller's token. */
export const createAnswerTicket =
  ({
    tickets,
    access,
    wallClock,
  }: {
    readonly tickets: Pick<StreamTickets, "issue">;
    readonly access: AccessWatch;
    /** Milliseconds since the epoch. */
    readonly wallClock: () => number;
  }) =>
  async (c: Context, { userId, expiresAtSeconds }: Principal): Promise<Response> => {
    refuseQuery(c);
    const { organizationId } = parseInput(streamTicketInputSchema, await c.req.json(), "body");
    const { organizationIds } = await access.check(userId);
    if (!organizationIds.includes(organizationId)) throw notAccessible();
    const tokenExpiresAtMs = Math.floor(expiresAtSeconds * 1000);
    if (tokenExpiresAtMs <= wallClock()) throw unauthenticated("the token has ended");
    const { ticket, expiresAtMs } = await tickets.issue({ userId, organizationId, tokenExpiresAtMs });
    const body: IssuedStreamTicket = { ticket, expiresAt: new Date(expiresAtMs).toISOString() };
    return c.json(body, 201, { "Cache-Control": "no-store" });
  };
