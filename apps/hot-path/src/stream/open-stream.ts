import { unauthenticated } from "@leftrail/auth";
import { ProblemError } from "@leftrail/contract";
import { baseHeaders, invalidInput } from "@leftrail/service";
import type { ServerResponse } from "node:http";
import { pageHeaders } from "../http/cors.ts";
import { notAccessible } from "../http/not-accessible.ts";
import type { AccessWatch } from "./access-watch.ts";
import { chooseOrganization } from "./choose-organization.ts";
import { createFilterParser } from "./events-filter.ts";
import { identifyCaller, type Caller, type IdentifyCallerContext } from "./identify-caller.ts";
import { Later } from "./later.ts";
import { tooManyRetryAfterSeconds } from "./limits.ts";
import { streamHeaders } from "./stream-headers.ts";
import { readToken, readWishes, type StreamRequest } from "./stream-request.ts";
import type { OpenOptions, Streams } from "./streams.ts";
import type { TicketPlaces } from "./ticket-places.ts";

export interface OpenStreamOptions extends IdentifyCallerContext {
  readonly places: TicketPlaces;
  readonly access: AccessWatch;
  readonly streams: Streams;
  readonly corsOrigins: readonly string[];
}

interface AskedStream extends StreamRequest {
  /** Undefined without a server around the app, as in `app.request()`: then nothing can be kept open. */
  readonly response: ServerResponse | undefined;
  readonly requestId: string;
  readonly origin: string | undefined;
  /** As soon as it is known who is asking. */
  readonly onCaller?: (caller: Caller) => void;
}

export type OpenStream = (asked: AskedStream) => Promise<Caller>;

/**
 * Who is it → what do they want → may they see it → is there room → the Node response, which the stream writes to
 * from here on. Throws the caller's problem, or `Later` and `unavailable` for what will pass; then nothing is written.
 */
export function createOpenStream(options: OpenStreamOptions): OpenStream {
  const { places, access, streams } = options;
  const parseFilter = createFilterParser();
  const writeHead = createWriteHead(options.corsOrigins);

  async function chooseAccessible(caller: Caller, asked: string | undefined) {
    const { organizationIds, etag } = await access.check(caller.userId);
    const organizationId = chooseOrganization({
      ofTicket: caller.ticket?.organizationId,
      asked,
      claimed: caller.claimedOrganizationId,
      accessible: organizationIds,
    });
    if (organizationId === undefined) throw noOrganization();
    if (!organizationIds.includes(organizationId)) throw notAccessible();
    return { organizationId, accessEtag: etag };
  }

  function requireRoom({ userId }: Caller, organizationId: string): void {
    const room = streams.roomFor(userId, organizationId);
    switch (room) {
      case "enough":
        return;
      case "draining":
        throw new Later("draining");
      case "too many of this organization":
        throw new Later("full");
      case "too many of this user":
        throw tooMany();
      default: {
        const unhandled: never = room;
        return unhandled;
      }
    }
  }

  async function takePlace({ ticket }: Caller) {
    if (ticket === undefined) return undefined;
    const place = await places.take(ticket.hash, ticket.organizationId);
    if (place === undefined) throw unauthenticated("the ticket has expired");
    return place;
  }

  function begin(origin: string | undefined, stream: OpenOptions): void {
    const { socket } = stream.response;
    // One piece for the head and what the stream begins with.
    socket?.cork();
    try {
      writeHead(stream, origin);
      streams.open(stream);
    } finally {
      socket?.uncork();
    }
  }

  return async (asked) => {
    const { response, requestId } = asked;
    const caller = await identifyCaller(options, readToken(asked));
    asked.onCaller?.(caller);
    const { filter, after, organizationId: wanted } = readWishes(asked, parseFilter);
    const { organizationId, accessEtag } = await chooseAccessible(caller, wanted);
    requireRoom(caller, organizationId);
    if (response === undefined) throw new Later("unavailable");
    const place = await takePlace(caller);
    const { userId, expiresAtMs } = caller;
    const names = { requestId, userId, organizationId };
    try {
      // Without a pause from here on, so that nobody takes the room meanwhile.
      requireRoom(caller, organizationId);
      if (response.closed) throw new Later("gone");
      begin(asked.origin, { ...names, response, filter, after, expiresAtMs, accessEtag, place });
    } catch (error) {
      if (place !== undefined) places.giveBack(place);
      throw error;
    }
    return caller;
  };
}

/** All headers at once and on their way, as the app's middleware would have set them on an answer of its own. */
function createWriteHead(corsOrigins: readonly string[]) {
  const headersFor = pageHeaders(corsOrigins);
  return ({ response, requestId }: OpenOptions, origin: string | undefined): void => {
    // Node would add one, which is nobody's business behind a gateway that speaks HTTP/2.
    if (response.shouldKeepAlive) response.removeHeader("Connection");
    response.writeHead(200, {
      ...streamHeaders,
      ...(corsOrigins.length === 0 ? {} : { Vary: "Origin", ...headersFor(origin) }),
      ...baseHeaders(requestId),
    });
    response.flushHeaders();
    forgetRequest(response);
  };
}

/** A stream outlives its request by hours: neither its token nor anything else of it has to stay in memory. */
function forgetRequest({ req }: ServerResponse): void {
  req.url = "";
  req.rawHeaders = [];
  req.headers = {};
}

const noOrganization = (): ProblemError =>
  invalidInput("The query is not valid.", [
    { pointer: "?org_id", detail: "is required unless the token names an organization or you have just one" },
  ]);

const tooMany = (): ProblemError =>
  new ProblemError("rate_limited", "You have too many streams open.", {
    retryAfterSeconds: tooManyRetryAfterSeconds,
  });
