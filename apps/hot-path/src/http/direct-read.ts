import type { IncomingMessage, ServerResponse } from "node:http";
import type { AuthEvent, Principal, TokenVerifier } from "@leftrail/auth";
import { featuresKey, organizationsKey, productsKey } from "@leftrail/cache-keys";
import type { Found, ReadCache, Tier } from "@leftrail/read-cache";
import {
  baseHeaders,
  createAccessLog,
  keptRequestId,
  mintRequestId,
  type DirectAnswer,
  type Logger,
  type Metrics,
} from "@leftrail/service";
import type { ReadCounts } from "../metrics/read-counts.ts";
import {
  featuresRequest,
  featuresVariantOf,
  organizationsRequest,
  productsRequest,
  type ReadContext,
} from "../reads/read-requests.ts";
import { askedReadOf, readRoutes, type AskedRead } from "./asked-read.ts";
import { pageHeaders } from "./cors.ts";
import { fullHeaders, heldHeaders } from "./found-headers.ts";
import { headerCount } from "./header-count.ts";
import { isMatch } from "./if-none-match.ts";
import { createPlainHost } from "./plain-host.ts";
import type { ReadsUnderWay } from "./reads-under-way.ts";

export interface DirectReadOptions extends ReadContext {
  readonly verifier: Pick<TokenVerifier, "known">;
  readonly cache: Pick<ReadCache, "hit" | "read">;
  readonly underWay: ReadsUnderWay;
  readonly corsOrigins: readonly string[];
  readonly counts: ReadCounts;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly onAuthEvent?: (event: AuthEvent) => void;
}

/**
 * Answers reads past the framework, for a token that this process has verified: nearly all requests, and most
 * of their cost is the way through it. Whatever is no plain answer, and whatever is spelt in an unusual
 * way, is left to the app, with the read that is under way; where both answer, they answer alike.
 */
export function createDirectRead(options: DirectReadOptions): DirectAnswer {
  const { verifier, cache, underWay, onAuthEvent } = options;
  const send = createSend(options);
  const isPlainHost = createPlainHost();
  const isPlain = ({ method, headers: { host } }: IncomingMessage): boolean =>
    method === "GET" && host !== undefined && isPlainHost(host);

  return (incoming, outgoing, leave) => {
    const startMs = performance.now();
    const asked = isPlain(incoming) ? askedReadOf(incoming.url ?? "") : undefined;
    if (asked === undefined) return leave();
    const principal = verifier.known(tokenOf(incoming));
    if (principal === undefined) return leave();
    const exchange = { incoming, outgoing, asked, principal, startMs };
    const hit = findHit(cache, asked, principal);
    if (hit?.kind === "found") {
      onAuthEvent?.(knownToken);
      return send(exchange, hit, "l1");
    }
    if (hit !== undefined || !isWellFormed(asked)) return leave();

    const reading = cache.read(requestOf(options, asked, principal));
    const leaveWithIt = (): void => {
      underWay.set(incoming, reading);
      leave();
    };
    reading.then((answer) => {
      if (answer.kind !== "found") return leaveWithIt();
      onAuthEvent?.(knownToken);
      return send(exchange, answer, answer.tier);
    }, leaveWithIt);
    return undefined;
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly asked: AskedRead;
  readonly principal: Principal;
  readonly startMs: number;
}

function createSend(options: DirectReadOptions): (exchange: Exchange, found: Found, tier: Tier) => void {
  const { counts } = options;
  const measuresOf = bindMeasures(options.metrics);
  const logAnswered = createAccessLog(options.logger);
  const cors = options.corsOrigins.length > 0 ? pageHeaders(options.corsOrigins) : undefined;

  return ({ incoming, outgoing, asked, principal, startMs }, found, tier) => {
    const { "if-none-match": condition, origin, "x-request-id": callersId } = incoming.headers;
    const requestId = keptRequestId(typeof callersId === "string" ? callersId : undefined) ?? mintRequestId();
    const isHeld = condition !== undefined && isMatch(condition, found.etag);
    const status = isHeld ? 304 : 200;
    outgoing.writeHead(status, {
      ...(isHeld ? heldHeaders(found, tier) : fullHeaders(found, tier)),
      ...(cors === undefined ? {} : { Vary: "Authorization, Origin", ...cors(origin) }),
      ...baseHeaders(requestId),
    });
    outgoing.end(isHeld ? undefined : found.body);

    const route = readRoutes[asked.read];
    const durationMs = performance.now() - startMs;
    counts.count(route, tier);
    const measures = measuresOf[asked.read];
    (isHeld ? measures.held : measures.full).inc();
    measures.seconds.observe(durationMs / 1000);
    const { userId } = principal;
    logAnswered({ requestId, method: "GET", path: incoming.url ?? "", route, status, durationMs, userId });
  };
}

const knownToken: AuthEvent = { kind: "token_cache_hit" };

function findHit(
  cache: Pick<ReadCache, "hit">,
  { read, organizationId }: AskedRead,
  { userId, isInternal }: Principal,
) {
  switch (read) {
    case "organizations":
      return cache.hit(organizationsKey(userId), "");
    case "features":
      return cache.hit(featuresKey(organizationId, userId), featuresVariantOf(isInternal));
    case "products":
      return cache.hit(productsKey(organizationId, userId), "");
    default: {
      const unhandled: never = read;
      return unhandled;
    }
  }
}

const requestsOf = {
  organizations: organizationsRequest,
  features: featuresRequest,
  products: productsRequest,
};

const requestOf = (ctx: ReadContext, { read, organizationId }: AskedRead, principal: Principal) =>
  requestsOf[read](ctx, { organizationId, principal });

/** Lower-case, as keys have it; the app knows what to say to the others. */
const isWellFormed = ({ read, organizationId }: AskedRead): boolean =>
  read === "organizations" || /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/.test(organizationId);

/** With their labels looked up once: that costs more than counting. */
function bindMeasures({ requestsTotal, requestDurationSeconds }: Metrics) {
  const bind = (route: string) => ({
    full: requestsTotal.labels("GET", route, "200"),
    held: requestsTotal.labels("GET", route, "304"),
    seconds: requestDurationSeconds.labels(route),
  });
  return {
    organizations: bind(readRoutes.organizations),
    features: bind(readRoutes.features),
    products: bind(readRoutes.products),
  };
}

const scheme = "Bearer ";

/** The token as most clients send it, once; else a text that is no token. */
function tokenOf({ headers: { authorization = "" }, rawHeaders }: IncomingMessage): string {
  return authorization.startsWith(scheme) && headerCount(rawHeaders, "authorization") === 1
    ? authorization.slice(scheme.length)
    : "";
}
