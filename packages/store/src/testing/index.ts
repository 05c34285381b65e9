export { entitlementRow, inMs, overrideRow } from "./arrange-rows.ts";
export { changeAs, entryOf, givenTenant, testActor, type TenantSetup } from "./arrange-tenants.ts";
export { at, isEnginesOwn } from "./dump.ts";
export { eachStore } from "./each-store.ts";
export { memoryHarness, postgresHarness, type StoreHarness } from "./harness.ts";
