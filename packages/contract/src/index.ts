export * from "./catalog.ts";
export * from "./hot-path.ts";
export * from "./openapi-parts.ts";
export * from "./page.ts";
export * from "./problem.ts";
export * from "./scalars.ts";
export * from "./states.ts";
export * from "./tenants.ts";
