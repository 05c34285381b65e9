import { stillReferred } from "../constraints.ts";
import type { TenantReads, TenantWrites } from "../port/tenants.ts";
import type { Tenant, TenantView } from "../records.ts";
import { ancestorsOf, heldOn } from "./access.ts";
import { refuseIf, some } from "./constraint-checks.ts";
import { newestFirst } from "./paging.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Tables } from "./tables.ts";

export function tenantReads(snapshot: () => Snapshot): TenantReads {
  return {
    async find(by, viewer): Promise<TenantView | undefined> {
      const { tables } = snapshot();
      const tenant =
        "id" in by
          ? tables.tenants.get(by.id)
          : [...tables.tenants.values()].find(({ slug }) => slug === by.slug);
      if (tenant === undefined) return undefined;
      const held = heldOn(tables, tenant, viewer.userId);
      if (held === undefined && !viewer.isPlatformAdmin) return undefined;
      return { tenant, role: held?.role ?? null, isTenantAdmin: held?.isTenantAdmin ?? false };
    },
    async list({ viewer, status }, page) {
      const { tables } = snapshot();
      const seen = [...tables.tenants.values()].filter(
        (tenant) =>
          (status === null || tenant.status === status) &&
          (viewer.isPlatformAdmin || heldOn(tables, tenant, viewer.userId) !== undefined),
      );
      return newestFirst(seen, page);
    },
    async hasChildren(tenantId) {
      return some(snapshot().tables.tenants, ({ parentTenantId }) => parentTenantId === tenantId);
    },
    async isWithin(tenantId, ancestorId) {
      const { tables } = snapshot();
      const tenant = tables.tenants.get(tenantId);
      return (
        tenant !== undefined && [tenant, ...ancestorsOf(tables, tenant)].some(({ id }) => id === ancestorId)
      );
    },
  };
}

export function tenantWrites({ tables, now }: Snapshot): TenantWrites {
  const replace = (tenantId: string, change: Partial<Tenant>): Tenant | undefined => {
    const tenant = tables.tenants.get(tenantId);
    if (tenant === undefined) return undefined;
    const row = { ...tenant, ...change, updatedAt: now };
    tables.tenants.set(tenantId, row);
    return row;
  };

  return {
    async insert(tenant) {
      refuseIf(tenant.parentTenantId === tenant.id, "tenants_parent_other");
      refuseIf(tables.tenants.has(tenant.id), "tenants_pkey");
      refuseIf(
        some(tables.tenants, ({ slug }) => slug === tenant.slug),
        "tenants_slug_key",
      );
      refuseUnknownParent(tables, tenant.parentTenantId);
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
    async update(tenantId, change) {
      if (!tables.tenants.has(tenantId)) return undefined;
      refuseIf(change.parentTenantId === tenantId, "tenants_parent_other");
      refuseUnknownParent(tables, change.parentTenantId ?? null);
      return replace(tenantId, change);
    },
    async setStatus(tenantId, status) {
      return replace(tenantId, {
        status,
        ...(status === "active" ? { activatedAt: now } : { cancelledAt: now }),
      });
    },
    async remove(tenantId) {
      if (!tables.tenants.has(tenantId)) return false;
      if (some(tables.tenants, ({ parentTenantId }) => parentTenantId === tenantId)) throw stillReferred();
      tables.tenants.delete(tenantId);
      const { memberships, orders, entitlements, overrides, apiKeys } = tables;
      for (const table of [memberships, orders, entitlements, overrides, apiKeys]) {
        dropRowsOf(table, tenantId);
      }
      for (const row of entitlements.values()) {
        if (row.orderId !== null && !orders.has(row.orderId))
          entitlements.set(row.id, { ...row, orderId: null });
      }
      for (const entry of tables.auditLog.values()) {
        if (entry.tenantId === tenantId) tables.auditLog.set(entry.id, { ...entry, tenantId: null });
      }
      return true;
    },
  };
}

function refuseUnknownParent(tables: Tables, parentTenantId: string | null): void {
  refuseIf(parentTenantId !== null && !tables.tenants.has(parentTenantId), "tenants_parent_fkey");
}

function dropRowsOf(table: Map<string, { readonly tenantId: string }>, tenantId: string): void {
  for (const [key, row] of table) if (row.tenantId === tenantId) table.delete(key);
}
