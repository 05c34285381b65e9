import { readBearer, unauthenticated } from "@leftrail/auth";
import { isUuid, type FieldError } from "@leftrail/contract";
import { invalidInput } from "@leftrail/service";
import type { createFilterParser, EventsFilter } from "./events-filter.ts";
import { eventIdLengthMax } from "./limits.ts";

/** What a request for a stream consists of; a query parameter may come several times, unknown ones are ignored. */
export interface StreamRequest {
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly lastEventId: string | undefined;
}

export interface StreamWishes {
  /** Lower-case. */
  readonly organizationId: string | undefined;
  readonly filter: EventsFilter;
  /** Where to go on; anything but a well-formed id is nothing that a history knows. */
  readonly after: string | undefined;
}

/** The one token of a request, verified by nobody yet. Throws the problem. */
export function readToken({ query, authorization }: StreamRequest): string {
  const inQuery = readOnce(query, "token");
  const inHeader = authorization === undefined ? undefined : readBearer(authorization);
  if (inQuery !== undefined && inHeader !== undefined && inQuery !== inHeader) {
    throw unauthenticated("the query and the header have different tokens");
  }
  const token = inQuery ?? inHeader;
  if (token === undefined) throw unauthenticated("no token");
  return token;
}

/** Everything else; throws `invalid_input` for what is wrong, which an id to resume from never is. */
export function readWishes(
  { query, lastEventId }: StreamRequest,
  parseFilter: ReturnType<typeof createFilterParser>,
): StreamWishes {
  const organizationId = readOnce(query, "org_id");
  const events = readOnce(query, "events");
  const inQuery = [readOnce(query, "last_event_id"), readOnce(query, "lastEventId")];
  const filter = events === undefined ? undefined : parseFilter(events);
  const errors: FieldError[] = [];
  if (organizationId !== undefined && !isUuid(organizationId)) {
    errors.push({ pointer: "?org_id", detail: "must be a UUID" });
  }
  if (filter === false)
    errors.push({ pointer: "?events", detail: "must name types of events, comma separated" });
  if (errors.length > 0 || filter === false) throw invalidInput("The query is not valid.", errors);
  return {
    organizationId: organizationId?.toLowerCase(),
    filter,
    // What is empty is what a client sends that has no position yet.
    after: [lastEventId, ...inQuery]
      .find((id) => id !== undefined && id !== "")
      ?.slice(0, requestedLengthMax),
  };
}

/** One more than an id may have, so that what was cut still is none. */
const requestedLengthMax = eventIdLengthMax + 1;

/** The name may be repeated to the caller, the value never: it may be a token. */
function readOnce(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name);
  if (more.length === 0) return value;
  throw invalidInput("The query is not valid.", [{ pointer: `?${name}`, detail: "must be given once" }]);
}

/** The parameters of a URL, decoded as far as they can be. */
export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : url.slice(start + 1).split("#", 1)[0]);
}

/** Whether a text can be the id of an event. */
export const isEventId = (text: string): boolean => /^[A-Za-z0-9-]{1,64}$/.test(text);
