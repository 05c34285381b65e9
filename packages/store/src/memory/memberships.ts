import type { MembershipReads, MembershipWrites } from "../port/memberships.ts";
import { refuseIf } from "./constraint-checks.ts";
import { byText } from "./paging.ts";
import type { Snapshot } from "./snapshot.ts";
import { membershipKey, type Tables } from "./tables.ts";

export function membershipReads(snapshot: () => Snapshot): MembershipReads {
  return {
    find: async (tenantId, userId) => snapshot().tables.memberships.get(membershipKey(tenantId, userId)),
    list: async (tenantId, page) => byText(membersOf(snapshot().tables, tenantId), (row) => row.userId, page),
    countOwners: async (tenantId) =>
      membersOf(snapshot().tables, tenantId).filter(({ role }) => role === "owner").length,
  };
}

export function membershipWrites({ tables, now }: Snapshot): MembershipWrites {
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

const membersOf = ({ memberships }: Tables, tenantId: string) =>
  [...memberships.values()].filter((row) => row.tenantId === tenantId);
