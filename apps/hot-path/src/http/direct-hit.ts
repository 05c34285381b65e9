import type { IncomingMessage } from "node:http";
import type { AuthEvent, Principal, TokenVerifier } from "@leftrail/auth";
import { featuresKey, organizationsKey, productsKey } from "@leftrail/cache-keys";
import type { ReadCache } from "@leftrail/read-cache";
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
import { featuresVariantOf } from "../reads/read-requests.ts";
import { askedReadOf, readRoutes, type AskedRead } from "./asked-read.ts";
import { pageHeaders } from "./cors.ts";
import { fullHeaders, heldHeaders } from "./found-headers.ts";
import { isMatch } from "./if-none-match.ts";

export interface DirectHitOptions {
  readonly verifier: Pick<TokenVerifier, "known">;
  readonly cache: Pick<ReadCache, "hit">;
  readonly corsOrigins: readonly string[];
  readonly counts: ReadCounts;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly onAuthEvent?: (event: AuthEvent) => void;
}

/**
 * Answers past the framework what this process has and can prove to be fresh, for a token that it has verified:
 * nearly all requests, and most of their cost is the way through it. Everything else, and whatever is spelt
 * in an unusual way, is left to the app; where both answer, they answer alike.
 */
export function createDirectHit(options: DirectHitOptions): DirectAnswer {
  const { verifier, cache, counts, onAuthEvent } = options;
  const measuresOf = bindMeasures(options.metrics);
  const logAnswered = createAccessLog(options.logger);
  const cors = options.corsOrigins.length > 0 ? pageHeaders(options.corsOrigins) : undefined;

  return (incoming, outgoing) => {
    const startMs = performance.now();
    const asked = isPlain(incoming) ? askedReadOf(incoming.url ?? "") : undefined;
    if (asked === undefined) return false;
    const principal = verifier.known(tokenOf(incoming));
    if (principal === undefined) return false;
    const found = findHit(cache, asked, principal);
    if (found?.kind !== "found") return false;

    const { "if-none-match": condition, origin, "x-request-id": callersId } = incoming.headers;
    const requestId = keptRequestId(typeof callersId === "string" ? callersId : undefined) ?? mintRequestId();
    const isHeld = condition !== undefined && isMatch(condition, found.etag);
    const status = isHeld ? 304 : 200;
    outgoing.writeHead(status, {
      ...(isHeld ? heldHeaders(found, "l1") : fullHeaders(found, "l1")),
      ...(cors === undefined ? {} : { Vary: "Authorization, Origin", ...cors(origin) }),
      ...baseHeaders(requestId),
    });
    outgoing.end(isHeld ? undefined : found.body);

    const route = readRoutes[asked.read];
    const durationMs = performance.now() - startMs;
    counts.count(route, "l1");
    onAuthEvent?.(knownToken);
    const measures = measuresOf[asked.read];
    (isHeld ? measures.held : measures.full).inc();
    measures.seconds.observe(durationMs / 1000);
    const { userId } = principal;
    logAnswered({ requestId, method: "GET", path: incoming.url ?? "", route, status, durationMs, userId });
    return true;
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

/** A GET of a host as usual, for the app has an error for each of the others. */
const isPlain = ({ method, headers: { host } }: IncomingMessage): boolean =>
  method === "GET" && host !== undefined && /^[a-z0-9._-]+(?::[1-5]?\d{1,4})?$/.test(host);

const scheme = "Bearer ";

/** The token as most clients send it, once; else a text that is no token. */
function tokenOf({ headers: { authorization = "" }, rawHeaders }: IncomingMessage): string {
  return authorization.startsWith(scheme) && isOnce(rawHeaders, "authorization")
    ? authorization.slice(scheme.length)
    : "";
}

/** Whether a header stands there once: of several Node shows the first, as if there were no other. */
function isOnce(rawHeaders: readonly string[], name: string): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at] ?? "";
    if (header.length === name.length && header.toLowerCase() === name) count++;
  }
  return count === 1;
}
