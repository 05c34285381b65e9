import { createLogger, createMetrics, createService } from "@leftrail/service";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { requireInternalToken } from "./require-internal-token.ts";

const tokens = ["first-token-for-services-0123456789", "second-token-for-services-0123456789"];

function appWith(known: readonly string[]) {
  const app = new Hono();
  const logged: string[] = [];
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger({ level: "debug", name: "test", destination });
  createService(app, { logger, metrics: createMetrics() });
  app.use("/v1/internal/*", requireInternalToken(known));
  app.get("/v1/internal/thing", (c) => c.text("inside"));
  const get = (authorization?: string) =>
    app.request("/v1/internal/thing", authorization === undefined ? {} : { headers: { authorization } });
  return { get, logged };
}

test.each(tokens)("each of the tokens opens: %s", async (token) => {
  const { get } = appWith(tokens);
  expect((await get(`Bearer ${token}`)).status).toBe(200);
  expect((await get(`bearer ${token}`)).status).toBe(200);
});

const jwt = `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.x`;
test.each<[string, string | undefined]>([
  ["nothing", undefined],
  ["an empty header", ""],
  ["the scheme alone", "Bearer "],
  ["another token", "Bearer another-token"],
  ["a JWT", `Bearer ${jwt}`],
  ["the token without its scheme", tokens[0]],
  ["another scheme", `Basic ${tokens[0]}`],
  ["the beginning of a token", `Bearer ${tokens[0]?.slice(0, -1)}`],
  ["a token and more", `Bearer ${tokens[0]}x`],
  ["all tokens as the setting has them", `Bearer ${tokens.join(",")}`],
  ["a token in another case", `Bearer ${tokens[0]?.toUpperCase()}`],
])("%s is 401, the same for every cause, and no token is logged", async (_what, authorization) => {
  const { get, logged } = appWith(tokens);
  const answer = await get(authorization);
  const reference = await appWith(tokens).get("Bearer wrong");
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  expect({ ...(await bodyOf(answer)), instance: "" }).toEqual({ ...(await bodyOf(reference)), instance: "" });
  for (const token of tokens) expect(logged.join("")).not.toContain(token.slice(0, 12));
});

test.each([[[]], [[""]]])("with the tokens %j nobody gets in", async (known) => {
  const { get } = appWith(known);
  for (const authorization of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Bearer ${tokens[0]}`,
    "Bearer undefined",
  ]) {
    expect((await get(authorization)).status).toBe(401);
  }
});

const bodyOf = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>;
