import type { AuthVariables } from "@leftrail/auth";
import { requestIdOf, type ClientAddress, type ServiceEnv } from "@leftrail/service";
import type { MiddlewareHandler } from "hono";
import { v7 as uuidv7 } from "uuid";
import type { Context } from "../access/context.ts";
import type { InternalContext } from "../internal/internal-context.ts";

/** `ctx` is there for people, `internal` on `/v1/internal/*`. */
export type AppEnv = ServiceEnv & {
  Variables: AuthVariables & { ctx: Context; internal: InternalContext };
};

/** Puts what verbs work with on every request whose caller is known. */
export const requestContext =
  (
    deps: Pick<Context, "store" | "rules" | "cursors" | "keys"> & { readonly clientAddress: ClientAddress },
  ): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    c.set("ctx", {
      store: deps.store,
      rules: deps.rules,
      cursors: deps.cursors,
      keys: deps.keys,
      newId: uuidv7,
      caller: {
        id: c.var.principal.userId,
        principal: c.var.principal,
        requestId: requestIdOf(c),
        ip: deps.clientAddress(c),
      },
    });
    await next();
  };
