import type { UnitReads } from "../store.ts";
import { apiKeyReads } from "./api-keys.ts";
import { auditReads } from "./audit.ts";
import { catalogReads } from "./catalog.ts";
import { entitlementReads } from "./entitlements.ts";
import { membershipReads } from "./memberships.ts";
import { orderReads } from "./orders.ts";
import { overrideReads } from "./overrides.ts";
import { sidebarReads } from "./sidebar.ts";
import type { Snapshot } from "./snapshot.ts";
import { tenantReads } from "./tenants.ts";

/** Every read takes one snapshot, as one SQL statement does. */
export const readsOf = (snapshot: () => Snapshot): UnitReads => ({
  sidebar: sidebarReads(snapshot),
  tenants: tenantReads(snapshot),
  memberships: membershipReads(snapshot),
  catalog: catalogReads(snapshot),
  orders: orderReads(snapshot),
  entitlements: entitlementReads(snapshot),
  overrides: overrideReads(snapshot),
  apiKeys: apiKeyReads(snapshot),
  auditLog: auditReads(snapshot),
});
