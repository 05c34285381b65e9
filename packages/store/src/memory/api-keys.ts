import { toInstant, type Instant } from "@leftrail/contract";
import type { ApiKeyReads, ApiKeyWrites } from "../port/api-keys.ts";
import type { ApiKey } from "../records.ts";
import { seen } from "../seen.ts";
import { refuseIf, some } from "./constraint-checks.ts";
import { newestFirst } from "./paging.ts";
import { inForceOf, type Snapshot } from "./snapshot.ts";
import type { ApiKeyRow, Tables } from "./tables.ts";
import { tenantReads } from "./tenants.ts";

export function apiKeyReads(snapshot: () => Snapshot): ApiKeyReads {
  return {
    async find(apiKeyId, viewer) {
      const row = snapshot().tables.apiKeys.get(apiKeyId);
      return seen(tenantReads(snapshot), row && recordOf(row), viewer);
    },
    async list(tenantId, page) {
      const rows = [...snapshot().tables.apiKeys.values()].filter((row) => row.tenantId === tenantId);
      return newestFirst(rows.map(recordOf), page);
    },
    async findForVerification(prefix) {
      const at = snapshot();
      const row = [...at.tables.apiKeys.values()].find((candidate) => candidate.prefix === prefix);
      const tenant = row && at.tables.tenants.get(row.tenantId);
      if (row === undefined || tenant === undefined) return undefined;
      const { id, tenantId, keyHash, scopes, expiresAt, revokedAt } = row;
      return {
        id,
        tenantId,
        keyHash,
        scopes,
        expiresAt,
        revokedAt,
        isExpired: expiresAt !== null && expiresAt <= at.now,
        tenantStatus: tenant.status,
        products: [...new Set(inForceOf(at, tenantId).map(({ product }) => product))].toSorted(),
      };
    },
  };
}

export function apiKeyWrites({ tables, now }: Snapshot): ApiKeyWrites {
  return {
    async insert(apiKey) {
      refuseIf(tables.apiKeys.has(apiKey.id), "api_keys_pkey");
      refuseIf(
        some(tables.apiKeys, ({ prefix }) => prefix === apiKey.prefix),
        "api_keys_prefix_key",
      );
      refuseIf(!tables.tenants.has(apiKey.tenantId), "api_keys_tenant_fkey");
      const row = { ...apiKey, createdAt: now, lastUsedAt: null, revokedAt: null };
      tables.apiKeys.set(row.id, row);
      return recordOf(row);
    },
    async revoke(apiKeyId) {
      const row = tables.apiKeys.get(apiKeyId);
      return row?.revokedAt === null ? replace(tables, { ...row, revokedAt: now }) : undefined;
    },
    async expireAfter(apiKeyId, seconds) {
      const row = tables.apiKeys.get(apiKeyId);
      if (row === undefined) return undefined;
      const end = plusSeconds(now, seconds);
      return replace(tables, {
        ...row,
        expiresAt: row.expiresAt !== null && row.expiresAt < end ? row.expiresAt : end,
      });
    },
  };
}

/** Keys that were used just now. */
export function touchApiKeys({ tables, now }: Snapshot, apiKeyIds: readonly string[]): void {
  for (const id of apiKeyIds) {
    const row = tables.apiKeys.get(id);
    if (row !== undefined) tables.apiKeys.set(id, { ...row, lastUsedAt: now });
  }
}

function replace(tables: Tables, row: ApiKeyRow): ApiKey {
  tables.apiKeys.set(row.id, row);
  return recordOf(row);
}

const recordOf = ({ keyHash: _keyHash, ...record }: ApiKeyRow): ApiKey => record;

/** Later by whole seconds, microseconds kept. */
export function plusSeconds(instant: Instant, seconds: number): Instant {
  const later = new Date(Date.parse(`${instant.slice(0, 19)}Z`) + seconds * 1000);
  return toInstant(`${later.toISOString().slice(0, 19)}${instant.slice(19)}`);
}
