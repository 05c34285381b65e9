import { ProblemError } from "@leftrail/contract";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { requirePrincipal } from "./require-principal.ts";
import { startTestAuth } from "./testing/index.ts";

test("a valid token puts its principal on the context; anything else is thrown before the route", async () => {
  await using auth = await startTestAuth();
  const thrown: unknown[] = [];
  const app = new Hono();
  app.onError((error, c) => {
    thrown.push(error);
    return c.text("refused", 401);
  });
  app.get("/", requirePrincipal(auth.verifier), (c) => c.text(c.var.principal.userId));
  const userId = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";
  const authorization = await auth.bearer({ userId });
  expect(await (await app.request("/", { headers: { authorization } })).text()).toBe(userId);
  expect(await (await app.request("/")).text()).toBe("refused");
  expect(await (await app.request("/", { headers: { authorization: `${authorization}x` } })).text()).toBe(
    "refused",
  );
  expect(thrown.map((error) => error instanceof ProblemError && error.code)).toEqual([
    "unauthenticated",
    "unauthenticated",
  ]);
});
