import { isDeepStrictEqual } from "node:util";
import { catalogScope, orgScope, userScope, type Scope } from "@leftrail/cache-keys";
import type { Audience, Tables } from "./tables.ts";

/** What a row in the outbox says. */
export interface ChangedScope {
  readonly scope: Scope | Audience;
  readonly reason: string;
}

/** The tables whose rows show in what caches hold. */
type Sources = Pick<
  Tables,
  "tenants" | "memberships" | "catalogProducts" | "stripeProducts" | "orders" | "entitlements" | "overrides"
>;

/** A copy of them that shares the rows, to compare with later. */
export const copySources = (tables: Sources): Sources => ({
  tenants: new Map(tables.tenants),
  memberships: new Map(tables.memberships),
  catalogProducts: new Map(tables.catalogProducts),
  stripeProducts: new Map(tables.stripeProducts),
  orders: new Map(tables.orders),
  entitlements: new Map(tables.entitlements),
  overrides: new Map(tables.overrides),
});

/** What the triggers of the schema record for a statement, each once. Rows are told apart by identity. */
export function changedScopes(before: Sources, after: Sources): readonly ChangedScope[] {
  const changes: ChangedScope[] = [
    ...ofTenants(before, after),
    ...rowsOf(changedRows(before.memberships, after.memberships)).map(({ userId }) => ({
      scope: userScope(userId),
      reason: "membership",
    })),
    ...ofOrganizations(before.orders, after.orders, "order"),
    ...ofOrganizations(before.entitlements, after.entitlements, "entitlement"),
    ...ofOrganizations(before.overrides, after.overrides, "override"),
  ];
  if (
    changedRows(before.catalogProducts, after.catalogProducts).some(isDifferent) ||
    changedRows(before.stripeProducts, after.stripeProducts).some(isDifferent)
  ) {
    changes.push({ scope: catalogScope, reason: "product" });
  }
  return [...new Map(changes.map((change) => [`${change.scope} ${change.reason}`, change])).values()];
}

/** The tenants themselves, their members, and owners and admins above of before and after. */
const ofTenants = (before: Sources, after: Sources): readonly ChangedScope[] =>
  changedRows(before.tenants, after.tenants).flatMap(([old, changed]) => {
    const rows = rowsOf([[old, changed]]);
    const parents = rows.flatMap(({ parentTenantId }) => parentTenantId ?? []);
    return [
      ...rows.map(({ id }): ChangedScope => ({ scope: orgScope(id), reason: "tenant" })),
      // Members that come or go with the tenant itself are named by their own rows.
      ...(rows.length === 2 ? rows : []).map(({ id }): ChangedScope => ({
        scope: `members:${id}`,
        reason: "tenant",
      })),
      ...parents.map((id): ChangedScope => ({ scope: `admins:${id}`, reason: "tenant" })),
    ];
  });

const ofOrganizations = <T extends { readonly tenantId: string }>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  reason: string,
): readonly ChangedScope[] =>
  rowsOf(changedRows(before, after)).map(({ tenantId }) => ({ scope: orgScope(tenantId), reason }));

/** A row before and after; undefined where it was not there. */
type ChangedRow<T> = readonly [T | undefined, T | undefined];

function changedRows<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): readonly ChangedRow<T>[] {
  const changed: ChangedRow<T>[] = [];
  for (const [key, row] of before) if (after.get(key) !== row) changed.push([row, after.get(key)]);
  for (const [key, row] of after) if (!before.has(key)) changed.push([undefined, row]);
  return changed;
}

const rowsOf = <T>(changed: readonly ChangedRow<T>[]): readonly T[] =>
  changed.flatMap((rows) => rows.filter((row) => row !== undefined));

// A sync that writes again what is there must not make everybody read anew.
const isDifferent = ([before, after]: ChangedRow<unknown>): boolean => !isDeepStrictEqual(before, after);
