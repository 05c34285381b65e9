import { newestPositionOf, pageOf } from "../page.ts";
import type { ApiKeyReads, ApiKeyWrites, KeyForVerification } from "../port/api-keys.ts";
import type { ApiKey } from "../records.ts";
import { seen } from "../seen.ts";
import type { Sql } from "./client.ts";
import { olderThan } from "./paging.ts";
import { inForceNow } from "./columns.ts";
import { stored, tenantReads } from "./tenants.ts";

export function apiKeyReads(sql: Sql): ApiKeyReads {
  return {
    async find(apiKeyId, viewer) {
      const [row] = await sql<
        ApiKey[]
      >`select ${apiKeyColumns(sql)} from api_keys k where k.id = ${apiKeyId}`;
      return seen(tenantReads(sql), row, viewer);
    },
    async list(tenantId, { limit, after }) {
      const rows = await sql<ApiKey[]>`
        select ${apiKeyColumns(sql)} from api_keys k
        where k.tenant_id = ${tenantId}
          and ${olderThan(sql, sql`(k.created_at, k.id)`, after)}
        order by k.created_at desc, k.id desc limit ${limit + 1}`;
      return pageOf(rows, limit, newestPositionOf);
    },
    async findForVerification(prefix) {
      const [row] = await sql<KeyForVerification[]>`
        select k.id, k.tenant_id, k.key_hash, k.scopes, k.expires_at, k.revoked_at,
          coalesce(k.expires_at <= now(), false) as is_expired, t.status as tenant_status,
          array(
            select distinct e.product from entitlements e
            where e.tenant_id = k.tenant_id and ${inForceNow(sql)}
            order by e.product
          ) as products
        from api_keys k join tenants t on t.id = k.tenant_id
        where k.prefix = ${prefix}`;
      return row;
    },
  };
}

export function apiKeyWrites(sql: Sql): ApiKeyWrites {
  return {
    async insert({ id, tenantId, name, prefix, keyHash, scopes, createdBy, expiresAt }) {
      const [row] = await sql<ApiKey[]>`
        insert into api_keys as k (id, tenant_id, name, prefix, key_hash, scopes, created_by, expires_at)
        values (${id}, ${tenantId}, ${name}, ${prefix}, ${keyHash}, ${[...scopes]}, ${createdBy}, ${expiresAt})
        returning ${apiKeyColumns(sql)}`;
      return stored(row);
    },
    async revoke(apiKeyId) {
      const [row] = await sql<ApiKey[]>`
        update api_keys k set revoked_at = now() where k.id = ${apiKeyId} and k.revoked_at is null
        returning ${apiKeyColumns(sql)}`;
      return row;
    },
    async expireAfter(apiKeyId, seconds) {
      const [row] = await sql<ApiKey[]>`
        update api_keys k set expires_at = least(k.expires_at, now() + make_interval(secs => ${seconds}))
        where k.id = ${apiKeyId}
        returning ${apiKeyColumns(sql)}`;
      return row;
    },
  };
}

/** Keys that were used just now, by any of them. */
export async function touchApiKeys(sql: Sql, apiKeyIds: readonly string[]): Promise<void> {
  await sql`update api_keys set last_used_at = now() where id = any (${[...apiKeyIds]}::uuid[])`;
}

const apiKeyColumns = (sql: Sql) => sql`
  k.id, k.tenant_id, k.name, k.prefix, k.scopes, k.created_by, k.created_at, k.expires_at, k.last_used_at,
  k.revoked_at`;
