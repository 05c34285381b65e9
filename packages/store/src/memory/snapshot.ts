import type { Instant } from "@leftrail/contract";
import { entitlementStatusAt, isInForce } from "../entitlement-status.ts";
import type { Entitlement } from "../records.ts";
import type { EntitlementRow, Tables } from "./tables.ts";

/** The tables as they are at one moment. */
export interface Snapshot {
  readonly tables: Tables;
  readonly now: Instant;
}

/** A stored entitlement as a read shows it. */
export const entitlementOf = (row: EntitlementRow, now: Instant): Entitlement => ({
  ...row,
  status: entitlementStatusAt(row, now),
});

/** The tenant's entitlement to a product that counts now. */
export const inForceOf = ({ tables, now }: Snapshot, tenantId: string): readonly EntitlementRow[] =>
  [...tables.entitlements.values()].filter(
    (row) => row.tenantId === tenantId && isInForce(entitlementStatusAt(row, now)),
  );

/** By UTF-8 bytes, as the "C" collation compares. */
export const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
