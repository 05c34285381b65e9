import type { DatabaseTemplate } from "./test-postgres.ts";

// What the global set-up hands to every suite that needs Postgres.
declare module "vitest" {
  interface ProvidedContext {
    postgres: DatabaseTemplate;
  }
}
