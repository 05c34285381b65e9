import type { OverrideReads, OverrideWrites } from "../port/overrides.ts";
import type { Override } from "../records.ts";
import { seen } from "../seen.ts";
import { refuseIf } from "./constraint-checks.ts";
import { newestFirst } from "./paging.ts";
import type { Snapshot } from "./snapshot.ts";
import type { OverrideRow, Tables } from "./tables.ts";
import { tenantReads } from "./tenants.ts";

export function overrideReads(snapshot: () => Snapshot): OverrideReads {
  return {
    async find(overrideId, viewer) {
      const row = snapshot().tables.overrides.get(overrideId);
      return seen(tenantReads(snapshot), row?.active === true ? recordOf(row) : undefined, viewer);
    },
    async findByTarget({ tenantId, targetType, target }) {
      return activeOf(snapshot().tables, tenantId).find(
        (row) => row.targetType === targetType && row.target === target,
      );
    },
    list: async (tenantId, page) => newestFirst(activeOf(snapshot().tables, tenantId), page),
  };
}

export function overrideWrites({ tables, now }: Snapshot): OverrideWrites {
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

const activeOf = ({ overrides }: Tables, tenantId: string): readonly Override[] =>
  [...overrides.values()].filter((row) => row.tenantId === tenantId && row.active).map(recordOf);

const recordOf = ({ active: _active, ...record }: OverrideRow): Override => record;
