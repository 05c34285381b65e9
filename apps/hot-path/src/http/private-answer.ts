import type { MiddlewareHandler } from "hono";

/** Marks every answer as one user's own: a browser may keep it but asks again, a shared cache may not. */
export const privateAnswer: MiddlewareHandler = async (c, next) => {
  await next();
  if (c.res.status >= 400) return;
  c.res.headers.set("Cache-Control", "private, no-cache");
  c.res.headers.set("Vary", "Authorization");
};
