/** What an operator counts. Carries no key and no user. */
export type CacheEvent =
  /** A request shares a read that somebody else began. */
  | { readonly kind: "joined" }
  | { readonly kind: "filled"; readonly durationMs: number }
  /** An entry of Redis whose stamps are not the current ones. */
  | { readonly kind: "refused" }
  /** An entry of Redis that is not what was written, or not for this key, variant or build. */
  | { readonly kind: "corrupt" }
  | { readonly kind: "foreign" }
  /** An invalidation was heard while the database was read, which then began anew. */
  | { readonly kind: "overtaken" }
  | { readonly kind: "shared_failed"; readonly operation: "read" | "write"; readonly error: unknown }
  | { readonly kind: "database_state"; readonly isUp: boolean }
  | { readonly kind: "looked"; readonly rows: number };
