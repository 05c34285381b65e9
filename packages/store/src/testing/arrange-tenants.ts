import type { Role } from "@leftrail/contract";
import { v7 as uuidv7 } from "uuid";
import type { Actor } from "../actor.ts";
import type { Tenant } from "../records.ts";
import type { NewAuditEntry } from "../port/audit.ts";
import type { Change, Store } from "../store.ts";

export const testActor: Actor = { type: "system", name: "test" };

/** A unit of work whose audit entry does not matter to the test. */
export const changeAs = <T>(store: Store, tenantId: string, work: (tx: Change) => Promise<T>): Promise<T> =>
  store.change(testActor, async (tx) => {
    const value = await work(tx);
    await tx.audit(entryOf(tenantId));
    return value;
  });

export const entryOf = (
  tenantId: string,
  action: NewAuditEntry["action"] = "tenant.created",
): NewAuditEntry => ({
  tenantId,
  product: null,
  action,
  targetType: null,
  targetId: null,
  metadata: {},
});

export interface TenantSetup {
  readonly id?: string;
  readonly slug?: string;
  readonly parent?: Tenant;
  readonly status?: "pending" | "active" | "cancelled";
  readonly members?: Readonly<Record<string, Role>>;
}

/** A tenant as a test wants it; active unless said otherwise. */
export async function givenTenant(store: Store, setup: TenantSetup = {}): Promise<Tenant> {
  const { id = uuidv7() } = setup;
  const { slug = `t-${id.slice(-12)}`, parent, status = "active", members = {} } = setup;
  return changeAs(store, id, async (tx) => {
    const tenant = await tx.write.tenants.insert({
      id,
      slug,
      name: slug,
      parentTenantId: parent?.id ?? null,
    });
    for (const [userId, role] of Object.entries(members)) {
      await tx.write.memberships.put({ tenantId: id, userId, role });
    }
    if (status === "pending") return tenant;
    return (await tx.write.tenants.setStatus(id, status)) ?? tenant;
  });
}
