import { userScope, type Scope } from "@leftrail/cache-keys";
import { ancestorsOf, isAdminRole } from "./access.ts";
import type { Audience, StoredOutboxRow, Tables } from "./tables.ts";

/** A row of the outbox for each user that an audience is now; every other row as it is. */
export function namedRows(
  row: StoredOutboxRow,
  tables: Tables,
): readonly (StoredOutboxRow & { readonly scope: Scope })[] {
  const { scope } = row;
  if (!isAudience(scope)) return [{ ...row, scope }];
  return [...viewersOf(scope, tables)].toSorted().map((userId) => ({ ...row, scope: userScope(userId) }));
}

export const isAudience = (scope: Scope | Audience): scope is Audience => /^(?:members|admins):/.test(scope);

function viewersOf(audience: Audience, tables: Tables): ReadonlySet<string> {
  const tenantId = audience.slice(audience.indexOf(":") + 1);
  const memberships = [...tables.memberships.values()];
  if (audience.startsWith("members:")) {
    return new Set(memberships.filter((row) => row.tenantId === tenantId).map(({ userId }) => userId));
  }
  const tenant = tables.tenants.get(tenantId);
  if (tenant === undefined) return new Set();
  const ids = new Set([tenantId, ...ancestorsOf(tables, tenant).map(({ id }) => id)]);
  return new Set(
    memberships.filter((row) => ids.has(row.tenantId) && isAdminRole(row.role)).map(({ userId }) => userId),
  );
}
