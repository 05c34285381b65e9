import { streamTicketKey } from "@leftrail/cache-keys";
import { ProblemError } from "@leftrail/contract";
import type { Redis } from "ioredis";
import { isRecord } from "../is-record.ts";
import { ticketLimits, type TicketLimits } from "./limits.ts";
import { hashTicket, mintTicket } from "./mint-ticket.ts";
import type { StreamTickets, TicketClaims } from "./ports.ts";
import { closeScript, openScript, renewScript } from "./ticket-scripts.ts";

/**
 * Tickets that all instances know. `redis` is a client whose commands fail, within about a second, instead of
 * waiting for a connection.
 */
export function createRedisTickets({
  redis,
  clock,
  ...overrides
}: {
  readonly redis: Redis;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
} & Partial<TicketLimits>): StreamTickets {
  const limits = { ...ticketLimits, ...overrides };
  const run = (script: string, hash: string, streamId: string): Promise<unknown> =>
    askRedis(
      redis.eval(
        script,
        1,
        streamTicketKey(hash),
        streamId,
        limits.leaseMs,
        limits.reuseWithinMs,
        limits.streamsPerTicketMax,
        clock(),
      ),
    );

  return {
    async issue(claims) {
      const ticket = mintTicket();
      const lifeMs = Math.min(limits.redeemWithinMs, claims.tokenExpiresAtMs - clock());
      const value = JSON.stringify({ claims, streams: [] });
      const key = streamTicketKey(hashTicket(ticket) ?? "");
      if (lifeMs > 0) await askRedis(redis.set(key, value, "PX", Math.ceil(lifeMs)));
      return { ticket, expiresAtMs: clock() + lifeMs };
    },

    async find(ticket) {
      const hash = hashTicket(ticket);
      if (hash === undefined) return undefined;
      const claims = parseClaims(await askRedis(redis.get(streamTicketKey(hash))));
      return claims === undefined ? undefined : { hash, claims };
    },

    async open(hash, streamId) {
      const ended = await run(openScript, hash, streamId);
      return Array.isArray(ended) ? ended.map(String) : undefined;
    },

    async renew(hash, streamId) {
      const held = await run(renewScript, hash, streamId);
      return held === null ? "unknown" : held === 1 ? "held" : "lost";
    },

    async close(hash, streamId) {
      await run(closeScript, hash, streamId);
    },
  };
}

async function askRedis<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    throw new ProblemError("unavailable", "Tickets can't be checked right now.", { cause });
  }
}

/** Undefined for what we have not written: it opens nothing. */
function parseClaims(text: string | null): TicketClaims | undefined {
  if (text === null) return undefined;
  const ticket = parseJson(text);
  const claims = isRecord(ticket) ? ticket["claims"] : undefined;
  if (!isRecord(claims)) return undefined;
  const { userId, organizationId, tokenExpiresAtMs } = claims;
  return typeof userId === "string" &&
    typeof organizationId === "string" &&
    typeof tokenExpiresAtMs === "number"
    ? { userId, organizationId, tokenExpiresAtMs }
    : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
