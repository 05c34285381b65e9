/** Who may use whom, by folder name. A package or app that is not listed here is refused. */

const pure = ["contract", "features", "cache-keys"];

/** What each package may use at run time. Lower layers first; nothing uses what stands beside or above it. */
export const packagesMayUse: ReadonlyMap<string, readonly string[]> = new Map([
  ["contract", pure],
  ["features", pure],
  ["cache-keys", pure],
  ["client", ["contract"]],
  ["store", pure],
  ["read-cache", [...pure, "store"]],
  ["changes", [...pure, "store"]],
  ["event-broker", [...pure, "store"]],
  ["service", pure],
  ["auth", [...pure, "store", "service"]],
]);

/** May use every package, no app. The others have it for their tests only. */
export const testkit = "testkit";

/** Runs both apps in one process for development, on the testkit's issuer and Postgres; so its tests may, too. */
export const standalone = "standalone";

/** Modules that must not reach an app, neither directly nor through packages. */
export const keptOut: readonly {
  readonly app: string;
  readonly modules: readonly string[];
  readonly why: string;
}[] = [
  {
    app: "hot-path",
    modules: ["@node-rs/argon2", "@hono/zod-openapi"],
    why: "the hot path starts fast and never hashes a password",
  },
];
