/** Modules that some files may not import; all rows that match a file apply. Checked by `imports.ts`. */
export interface ImportBan {
  /** Globs of the files concerned, from the repository's root. */
  readonly in: readonly string[];
  readonly except?: readonly string[];
  /** A module with all its subpaths, or a scheme that ends in a colon. */
  readonly modules: readonly string[];
  readonly why: string;
}

const tests = ["**/*.test.ts", "**/{test,testing}/**"];
const entryPoints = ["apps/*/src/main.ts", "**/*-cli.ts"];

export const importBans: readonly ImportBan[] = [
  {
    in: ["packages/{contract,features,cache-keys}/src/**"],
    except: tests,
    modules: ["node:"],
    why: "a pure package has no I/O and no clock, and runs anywhere",
  },
  {
    in: ["**"],
    modules: ["hono/jwt", "hono/jwk"],
    why: "tokens are verified in packages/auth, which survives an outage of the key server",
  },
  {
    in: ["**"],
    except: [...entryPoints, "infra/**"],
    modules: ["node:process"],
    why: "settings and signals come in through main.ts",
  },
  {
    in: ["apps/*/src/**"],
    except: [...entryPoints, ...tests, "apps/*/src/deps.ts"],
    modules: ["postgres", "ioredis"],
    why: "clients are made in deps.ts only, where they are disposed of too",
  },
  {
    in: ["apps/hot-path/**"],
    modules: ["@node-rs/argon2", "@hono/zod-openapi", "@leftrail/control-plane"],
    why: "the hot path stays lean: no hashing, no OpenAPI library, nothing of the control plane",
  },
  {
    in: ["apps/control-plane/src/*/*.ts"],
    except: [...tests, "apps/control-plane/src/*/routes.ts", "apps/control-plane/src/{http,internal}/**"],
    modules: ["hono"],
    why: "a verb knows no HTTP; routes.ts does",
  },
];
