export * from "./keys.ts";
export * from "./reads.ts";
export * from "./scopes.ts";
