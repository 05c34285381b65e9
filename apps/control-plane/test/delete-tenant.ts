import type { Store } from "@leftrail/store";
import { entryOf, testActor } from "@leftrail/store/testing";

/** Takes a tenant away, whatever its state. */
export const deleteTenant = (store: Store, tenantId: string): Promise<void> =>
  store.change(testActor, async (tx) => {
    await tx.write.tenants.remove(tenantId);
    await tx.audit(entryOf(tenantId, "tenant.deleted"));
  });
