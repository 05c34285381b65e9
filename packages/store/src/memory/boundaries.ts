import { orgScope } from "@leftrail/cache-keys";
import type { Instant } from "@leftrail/contract";
import type { ChangedScope } from "./changed-scopes.ts";
import type { Snapshot } from "./snapshot.ts";
import type { EntitlementRow, OverrideRow, Tables } from "./tables.ts";

/** Whole milliseconds to the next boundary of the tenant's entitlements, never one too many; null when there is none. */
export const entitlementsEndInMs = (at: Snapshot, tenantId: string): number | null =>
  millisecondsToFirst(at.now, entitlementBoundaries(at.tables, tenantId));

/** As above, overrides included. */
export const featuresEndInMs = (at: Snapshot, tenantId: string): number | null =>
  millisecondsToFirst(at.now, [
    ...entitlementBoundaries(at.tables, tenantId),
    ...ofTenant(at.tables.overrides, tenantId).flatMap(overrideBoundaries),
  ]);

/** What changed by boundaries after `since` and up to `until`, each once, but what was written at or after its boundary. */
export function changesByTime(
  { entitlements, overrides }: Tables,
  since: Instant,
  until: Instant,
): readonly ChangedScope[] {
  const isReached = (moment: Instant, { updatedAt }: { readonly updatedAt: Instant }): boolean =>
    since < moment && moment <= until && !(moment <= updatedAt && updatedAt <= until);
  const changesOf = (rows: readonly { readonly tenantId: string }[], reason: string) =>
    [...new Set(rows.map(tenantOf))].map((id) => ({ scope: orgScope(id), reason }));
  const reachedEntitlements = [...entitlements.values()].filter((row) =>
    boundariesOf(row).some((moment) => isReached(moment, row)),
  );
  const reachedOverrides = [...overrides.values()].filter((row) =>
    overrideBoundaries(row).some((moment) => isReached(moment, row)),
  );
  return [
    ...changesOf(reachedEntitlements, "entitlement-boundary"),
    ...changesOf(reachedOverrides, "override-boundary"),
  ];
}

const tenantOf = (row: { readonly tenantId: string }): string => row.tenantId;

const ofTenant = <T extends { readonly tenantId: string }>(
  table: ReadonlyMap<string, T>,
  tenantId: string,
): readonly T[] => [...table.values()].filter((row) => row.tenantId === tenantId);

const entitlementBoundaries = ({ entitlements }: Tables, tenantId: string): readonly Instant[] =>
  ofTenant(entitlements, tenantId).flatMap(boundariesOf);

const boundariesOf = ({ status, startsAt, endsAt }: EntitlementRow): readonly Instant[] => {
  if (status === "cancelled" || status === "expired") return [];
  return endsAt === null ? [startsAt] : [startsAt, endsAt];
};

const overrideBoundaries = ({ active, expiresAt }: OverrideRow): readonly Instant[] =>
  active && expiresAt !== null ? [expiresAt] : [];

function millisecondsToFirst(now: Instant, moments: readonly Instant[]): number | null {
  const [first] = moments.filter((moment) => moment > now).toSorted();
  return first === undefined ? null : millisecondsBetween(now, first);
}

// In two parts: the microseconds of year 9999 are more than a number can hold.
const millisecondsBetween = (from: Instant, to: Instant): number =>
  Date.parse(`${to.slice(0, 23)}Z`) -
  Date.parse(`${from.slice(0, 23)}Z`) +
  Math.floor((Number(to.slice(23, 26)) - Number(from.slice(23, 26))) / 1000);
