import type { MiddlewareHandler } from "hono";
import type { Principal } from "./principal.ts";
import { readBearer } from "./read-bearer.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** What the middleware puts on the context of every request that it lets through. */
export interface AuthVariables {
  principal: Principal;
}

/** Lets through who presents a token of a trusted issuer; throws the problem for anybody else. */
export const requirePrincipal =
  (verifier: Pick<TokenVerifier, "verify">): MiddlewareHandler<{ Variables: AuthVariables }> =>
  async (c, next) => {
    c.set("principal", await verifier.verify(readBearer(c.req.header("authorization"))));
    await next();
  };
