export { changeAs, entryOf, givenTenant, testActor, type TenantSetup } from "./arrange-tenants.ts";
export { at } from "./dump.ts";
export { eachStore } from "./each-store.ts";
export { memoryHarness, postgresHarness, type StoreHarness } from "./harness.ts";
