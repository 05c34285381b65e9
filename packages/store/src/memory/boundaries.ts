import type { Instant } from "@leftrail/contract";
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

/** The tenants with a boundary after `since` and up to `until`. */
export function tenantsWithBoundaries(
  { entitlements, overrides }: Tables,
  since: Instant,
  until: Instant,
): ReadonlySet<string> {
  const isReached = (moment: Instant): boolean => since < moment && moment <= until;
  return new Set([
    ...[...entitlements.values()].filter((row) => boundariesOf(row).some(isReached)).map(tenantOf),
    ...[...overrides.values()].filter((row) => overrideBoundaries(row).some(isReached)).map(tenantOf),
  ]);
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
