import type { MiddlewareHandler } from "hono";

/** Nobody keeps an answer of the control plane: it may hold a key, and is only true at its moment. */
export const noStore: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set("Cache-Control", "no-store");
};
