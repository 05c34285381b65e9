import type { Idempotency, KeptAnswer } from "../port/idempotency.ts";
import type { Sql } from "./client.ts";

/** Expired answers that one request clears away at most. */
const clearedRowsMax = 100;

export function idempotencyOf(sql: Sql): Idempotency {
  return {
    async claim({ caller, route, key }) {
      const [lock] = await sql<{ taken: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${JSON.stringify([caller, route, key])}, 1)) as taken`;
      if (lock?.taken !== true) return "running";
      const [row] = await sql<KeptAnswer[]>`
        select request_hash, response_status as status, response_body as body from idempotency_keys
        where caller = ${caller} and route = ${route} and key = ${key} and expires_at > now()`;
      return row;
    },
    async keep({ caller, route, key }, { requestHash, status, body }) {
      // As text, for sql.json would send it as jsonb, and a replay would have its fields in another order.
      await sql`
        insert into idempotency_keys
          (caller, route, key, request_hash, response_status, response_body, expires_at)
        values (${caller}, ${route}, ${key}, ${requestHash}, ${status}, ${JSON.stringify(body)}::text::json,
          now() + interval '24 hours')
        on conflict (caller, route, key) do update
          set request_hash = excluded.request_hash, response_status = excluded.response_status,
            response_body = excluded.response_body, created_at = now(), expires_at = excluded.expires_at`;
      // Never waits for another request that does the same.
      await sql`
        delete from idempotency_keys where (caller, route, key) in (
          select caller, route, key from idempotency_keys where expires_at <= now()
          limit ${clearedRowsMax} for update skip locked)`;
    },
  };
}
