import { newUser, type TestUser } from "@leftrail/auth/testing";
import { ProblemError } from "@leftrail/contract";
import { givenTenant, memoryHarness, type StoreHarness } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHotPath, type HotPath } from "./call-hot-path.ts";

const [app, admin] = ["https://app.example.com", "http://localhost:5173"];
const foreign = [
  "https://evil.example.com",
  "http://app.example.com",
  "https://app.example.com:8443",
  "https://app.example.com.evil.example",
  "null",
];
const organizations = "/v1/organizations";

let harness: StoreHarness;
let open: HotPath;
let closed: HotPath;
beforeAll(async () => {
  harness = await memoryHarness();
  closed = await startHotPath(harness);
  open = await startHotPath(harness, { corsOrigins: [app, admin] });
});
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
  await harness[Symbol.asyncDispose]();
});

const call = async (
  hotPath: HotPath,
  origin: string | undefined,
  {
    as,
    method = "GET",
    path = organizations,
    headers = {},
  }: { as?: TestUser; method?: string; path?: string; headers?: Record<string, string> },
) => {
  const answer = await hotPath.call(method, path, {
    ...(as === undefined ? {} : { as }),
    headers: { ...headers, ...(origin === undefined ? {} : { origin }) },
  });
  return { ...answer, headers: Object.fromEntries(answer.headers) };
};
const spokenOf = (headers: object): readonly string[] =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-"));

describe("a page of a listed origin", () => {
  test.each([app, admin])("may read the answer and what it exposes: %s", async (origin) => {
    const { status, headers } = await call(open, origin, { as: newUser() });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "ETag, Cache-Status, X-Request-Id, Retry-After",
      vary: "Authorization, Origin",
    });
    expect(headers).not.toHaveProperty("access-control-allow-credentials");
  });

  test("may read 304, 400, 401, 403 and 503 too", async () => {
    const as = newUser();
    const { id } = await givenTenant(harness.store);
    const held = await call(open, app, { as, headers: { "if-none-match": "*" } });
    expect(held).toMatchObject({ status: 304, headers: { vary: "Authorization, Origin" } });
    const unavailable = () => Promise.reject(new ProblemError("unavailable", "Not now."));
    const cache = { hit: () => undefined, read: unavailable };
    await using failing = await startHotPath(harness, { corsOrigins: [app], cache });
    const answers = [
      held,
      await call(open, app, { as, path: `${organizations}?x=1` }),
      await call(open, app, {}),
      await call(open, app, { as, path: `${organizations}/${id}/features` }),
      await call(failing, app, { as: newUser() }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([304, 400, 401, 403, 503]);
    for (const { headers } of answers) expect(headers["access-control-allow-origin"]).toBe(app);
    for (const { headers } of answers.slice(1)) expect(headers["vary"]).toBe("Origin");
  });

  test("has its preflight answered without a token", async () => {
    const headers = {
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization,if-none-match",
    };
    const path = `${organizations}/${randomUUID()}/features`;
    const answer = await call(open, app, { method: "OPTIONS", path, headers });
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": app,
      "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
      "access-control-allow-headers":
        "Authorization, If-None-Match, Last-Event-ID, X-Request-Id, Content-Type",
      "access-control-max-age": "7200",
      vary: "Origin",
    });
  });
});

describe("a page of another origin", () => {
  test.each(foreign)("is told nothing: %s", async (origin) => {
    const answer = await call(open, origin, { as: newUser() });
    expect(answer.status).toBe(200);
    expect(spokenOf(answer.headers)).toEqual([]);
    expect(answer.headers["vary"]).toBe("Authorization, Origin");
  });

  test.each(foreign)("gets a preflight that allows nothing: %s", async (origin) => {
    const headers = { "access-control-request-method": "GET" };
    const answer = await call(open, origin, { method: "OPTIONS", headers });
    expect(answer.status).toBe(204);
    expect(spokenOf(answer.headers)).toEqual([]);
  });
});

test("a caller that is no page gets the same answer, which varies by Origin all the same", async () => {
  const { status, headers } = await call(open, undefined, { as: newUser() });
  expect(status).toBe(200);
  expect(spokenOf(headers)).toEqual([]);
  expect(headers["vary"]).toBe("Authorization, Origin");
});

test("401 for an OPTIONS that is no preflight, and 405 with a token", async () => {
  expect(await call(open, app, { method: "OPTIONS" })).toMatchObject({ status: 401 });
  expect(await call(open, app, { method: "OPTIONS", as: newUser() })).toMatchObject({ status: 405 });
});

test("without CORS_ORIGINS no page is told anything, not even in a preflight", async () => {
  const answer = await call(closed, app, { as: newUser() });
  expect(spokenOf(answer.headers)).toEqual([]);
  expect(answer.headers["vary"]).toBe("Authorization");
  const headers = { "access-control-request-method": "GET" };
  expect(await call(closed, app, { method: "OPTIONS", headers })).toMatchObject({ status: 401 });
});
