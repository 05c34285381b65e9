import { toInstant, type Instant } from "@leftrail/contract";
import { constraintProblem, type ConstraintName } from "../constraints.ts";
import type { NewEntitlement, Writes } from "../store.ts";
import { entitlementOf, type Snapshot } from "./snapshot.ts";
import { membershipKey, type EntitlementRow, type Tables } from "./tables.ts";

/** The writes of one unit of work, with the constraints that the schema enforces in Postgres. */
export const writesOf = ({ tables, now }: Snapshot): Writes => ({
  tenants: tenantWrites(tables, now),
  memberships: membershipWrites(tables, now),
  orders: orderWrites(tables, now),
  entitlements: entitlementWrites(tables, now),
  overrides: overrideWrites(tables, now),
});

function tenantWrites(tables: Tables, now: Instant): Writes["tenants"] {
  return {
    async insert(tenant) {
      refuseIf(tenant.parentTenantId === tenant.id, "tenants_parent_other");
      refuseIf(tables.tenants.has(tenant.id), "tenants_pkey");
      refuseIf(
        some(tables.tenants, ({ slug }) => slug === tenant.slug),
        "tenants_slug_key",
      );
      const { parentTenantId } = tenant;
      refuseIf(parentTenantId !== null && !tables.tenants.has(parentTenantId), "tenants_parent_fkey");
      const row = {
        ...tenant,
        status: "pending" as const,
        createdAt: now,
        updatedAt: now,
        activatedAt: null,
        cancelledAt: null,
      };
      tables.tenants.set(row.id, row);
      return row;
    },
    async setStatus(tenantId, status) {
      const tenant = tables.tenants.get(tenantId);
      if (tenant === undefined) return undefined;
      const stamp = status === "active" ? { activatedAt: now } : { cancelledAt: now };
      const row = { ...tenant, status, updatedAt: now, ...stamp };
      tables.tenants.set(tenantId, row);
      return row;
    },
  };
}

function membershipWrites(tables: Tables, now: Instant): Writes["memberships"] {
  return {
    async put({ tenantId, userId, role }) {
      refuseIf(!tables.tenants.has(tenantId), "memberships_tenant_fkey");
      const key = membershipKey(tenantId, userId);
      const row = { tenantId, userId, role, createdAt: tables.memberships.get(key)?.createdAt ?? now };
      tables.memberships.set(key, row);
      return row;
    },
    remove: async (tenantId, userId) => tables.memberships.delete(membershipKey(tenantId, userId)),
  };
}

function orderWrites(tables: Tables, now: Instant): Writes["orders"] {
  return {
    async insert(order) {
      refuseIf(tables.orders.has(order.id), "orders_pkey");
      const same = [...tables.orders.values()].filter(
        ({ tenantId, product }) => tenantId === order.tenantId && product === order.product,
      );
      refuseIf(
        order.status === "requested" && same.some(({ status }) => status === "requested"),
        "orders_one_open_request",
      );
      refuseIf(order.kind === "trial" && same.some(({ kind }) => kind === "trial"), "orders_one_trial_ever");
      refuseIf(!tables.tenants.has(order.tenantId), "orders_tenant_fkey");
      refuseIf(!tables.catalogProducts.has(order.product), "orders_product_fkey");
      const row = { ...order, createdAt: now, decidedAt: order.status === "requested" ? null : now };
      tables.orders.set(row.id, row);
      return row;
    },
  };
}

function entitlementWrites(tables: Tables, now: Instant): Writes["entitlements"] {
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
  };
}

function overrideWrites(tables: Tables, now: Instant): Writes["overrides"] {
  return {
    async put(override) {
      const { tenantId, targetType, target } = override;
      const replaced = [...tables.overrides.values()].find(
        (row) => row.tenantId === tenantId && row.targetType === targetType && row.target === target,
      );
      refuseIf(replaced === undefined && tables.overrides.has(override.id), "product_access_overrides_pkey");
      refuseIf(!tables.tenants.has(tenantId), "product_access_overrides_tenant_fkey");
      const kept = { id: replaced?.id ?? override.id, createdAt: replaced?.createdAt ?? now };
      const row = { ...override, ...kept, updatedAt: now };
      tables.overrides.set(row.id, { ...row, active: true });
      return row;
    },
    async remove(tenantId, overrideId) {
      return tables.overrides.get(overrideId)?.tenantId === tenantId && tables.overrides.delete(overrideId);
    },
  };
}

function refuseIf(broken: boolean, constraint: ConstraintName): void {
  if (broken) throw constraintProblem(constraint);
}

const some = <T>(table: ReadonlyMap<string, T>, test: (row: T) => boolean): boolean =>
  [...table.values()].some(test);

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
