import { toInstant, type Instant } from "@leftrail/contract";
import { entitlementStatusAt, isInForce } from "../entitlement-status.ts";
import type { EntitlementReads, EntitlementWrites, NewEntitlement } from "../port/entitlements.ts";
import { refuseIf, some } from "./constraint-checks.ts";
import { newestFirst } from "./paging.ts";
import { entitlementOf, inForceOf, type Snapshot } from "./snapshot.ts";
import type { EntitlementRow } from "./tables.ts";

export function entitlementReads(snapshot: () => Snapshot): EntitlementReads {
  return {
    async list(tenantId, page) {
      const { tables, now } = snapshot();
      const own = [...tables.entitlements.values()].filter((row) => row.tenantId === tenantId);
      return newestFirst(
        own.map((row) => entitlementOf(row, now)),
        page,
      );
    },
    async findInForce(tenantId, product) {
      const at = snapshot();
      const found = inForceOf(at, tenantId).find((row) => row.product === product);
      return found && entitlementOf(found, at.now);
    },
  };
}

export function entitlementWrites({ tables, now }: Snapshot): EntitlementWrites {
  return {
    async insert({ id, tenantId, product, source, orderId, ...term }) {
      const startsAt = term.startsAt ?? now;
      const row: EntitlementRow = {
        id,
        tenantId,
        product,
        source,
        status: source === "trial" ? "trialing" : "active",
        startsAt,
        endsAt: endOf(term.ends, startsAt),
        orderId,
        createdAt: now,
        updatedAt: now,
      };
      refuseIf(row.endsAt !== null && row.endsAt < startsAt, "entitlements_span");
      refuseIf(tables.entitlements.has(id), "entitlements_pkey");
      refuseIf(
        some(tables.entitlements, (other) => overlaps(row, other)),
        "entitlements_one_in_force",
      );
      refuseIf(!tables.tenants.has(tenantId), "entitlements_tenant_fkey");
      refuseIf(!tables.catalogProducts.has(product), "entitlements_product_fkey");
      refuseIf(orderId !== null && !tables.orders.has(orderId), "entitlements_order_fkey");
      tables.entitlements.set(id, row);
      return entitlementOf(row, now);
    },
    async end(entitlementId) {
      const found = tables.entitlements.get(entitlementId);
      if (found === undefined || !isInForce(entitlementStatusAt(found, now))) return undefined;
      const row = { ...found, endsAt: now, updatedAt: now };
      tables.entitlements.set(entitlementId, row);
      return entitlementOf(row, now);
    },
  };
}

const hasEnded = ({ status }: EntitlementRow): boolean => status === "expired" || status === "cancelled";

// Half-open ranges, so that one may begin in the moment in which another ends; an empty one meets none.
function overlaps(a: EntitlementRow, b: EntitlementRow): boolean {
  if (a.tenantId !== b.tenantId || a.product !== b.product || hasEnded(a) || hasEnded(b)) return false;
  if (a.startsAt === a.endsAt || b.startsAt === b.endsAt) return false;
  return (b.endsAt === null || a.startsAt < b.endsAt) && (a.endsAt === null || b.startsAt < a.endsAt);
}

function endOf(ends: NewEntitlement["ends"], startsAt: Instant): Instant | null {
  if (ends === null) return null;
  return "at" in ends ? ends.at : plusDays(startsAt, ends.afterDays);
}

const dayMs = 24 * 60 * 60 * 1000;

/** Days of 24 hours later, microseconds kept. */
function plusDays(instant: Instant, days: number): Instant {
  const milliseconds = new Date(Date.parse(`${instant.slice(0, 23)}Z`) + days * dayMs)
    .toISOString()
    .slice(0, 23);
  return toInstant(`${milliseconds}${instant.slice(23)}`);
}
