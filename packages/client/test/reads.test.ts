import { waitUntil } from "@leftrail/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createClient, LeftrailError, type ClientOptions } from "../src/index.ts";
import { readsKeptMax } from "../src/limits.ts";
import { problem, startFakeLeftrail, type FakeLeftrail } from "./fake-leftrail.ts";

let server: FakeLeftrail;
beforeEach(async () => {
  server = await startFakeLeftrail();
  server.setBody("/v1/organizations", '"o1"', { organizations: [{ id: "1", slug: "acme" }] });
  server.setBody("/v1/organizations/acme/features", '"f1"', { features: ["chat"] });
  server.setBody("/v1/organizations/acme/products", '"p1"', { products: [] });
});
afterEach(() => server[Symbol.asyncDispose]());

const clientOf = (token: ClientOptions["token"]) => createClient({ baseUrl: `${server.baseUrl}/`, token });
const lastAsked = () => server.asked.at(-1)?.headers;

describe("a read", () => {
  test("goes out in the name of the token and comes back as the contract has it", async () => {
    const client = clientOf(async () => "alice");
    expect(await client.organizations()).toEqual({ organizations: [{ id: "1", slug: "acme" }] });
    expect(await client.features("acme")).toEqual({ features: ["chat"] });
    expect(await client.products("acme")).toEqual({ products: [] });
    expect(server.asked.map(({ path }) => path)).toEqual([
      "/v1/organizations",
      "/v1/organizations/acme/features",
      "/v1/organizations/acme/products",
    ]);
    expect(lastAsked()).toMatchObject({ authorization: "Bearer alice" });
  });

  test("that is answered with 304 is the very object of the last 200, until it changes", async () => {
    const client = clientOf(() => "alice");
    const first = await client.features("acme");
    expect(await client.features("acme")).toBe(first);
    expect(lastAsked()).toMatchObject({ "if-none-match": '"f1"' });
    server.setBody("/v1/organizations/acme/features", '"f2"', { features: [] });
    expect(await client.features("acme")).toEqual({ features: [] });
    await client.features("acme");
    expect(lastAsked()).toMatchObject({ "if-none-match": '"f2"' });
  });

  test("can't be changed by one of those who share it", async () => {
    const { features } = await clientOf(() => "alice").features("acme");
    expect(() => (features as string[]).push("raw_events")).toThrow(TypeError);
  });

  test("keeps an organization's name within its place in the path", async () => {
    await expect(clientOf(() => "alice").features("../x?y=#z")).rejects.toThrow(LeftrailError);
    expect(server.asked.at(-1)?.path).toBe("/v1/organizations/..%2Fx%3Fy%3D%23z/features");
  });
});

describe("another token", () => {
  test("asks without the ETags of the one before, in both directions", async () => {
    let token = "alice";
    const client = clientOf(() => token);
    for (const next of ["alice", "bob", "alice"]) {
      token = next;
      await client.features("acme");
      expect(lastAsked()).toMatchObject({ authorization: `Bearer ${next}` });
      expect(lastAsked()).not.toHaveProperty("if-none-match");
    }
  });

  test("is not answered with what an older request of another brings later", async () => {
    let token = "alice";
    const late = Promise.withResolvers<void>();
    const client = createClient({
      baseUrl: server.baseUrl,
      token: () => token,
      async fetch(url, init) {
        const response = await fetch(url, init);
        if (new Headers(init?.headers).get("Authorization") === "Bearer alice") await late.promise;
        return response;
      },
    });
    const alices = client.features("acme");
    token = "bob";
    await client.products("acme");
    late.resolve();
    await alices;
    await client.features("acme");
    expect(lastAsked()).toMatchObject({ authorization: "Bearer bob" });
    expect(lastAsked()).not.toHaveProperty("if-none-match");
  });
});

describe("401", () => {
  test("asks for a renewed token, names the refused one, and repeats once", async () => {
    server.answerNext("/v1/organizations", problem(401, "unauthenticated"));
    const requests: object[] = [];
    const client = clientOf((request) => {
      requests.push(request);
      return `token-${requests.length}`;
    });
    await client.organizations();
    expect(requests).toEqual([{}, { refused: "token-1" }]);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer token-1",
      "Bearer token-2",
    ]);
  });

  test("that comes again is the answer", async () => {
    server.answerNext("/v1/organizations", problem(401, "unauthenticated"));
    server.answerNext("/v1/organizations", problem(401, "unauthenticated"));
    await expect(clientOf(() => "alice").organizations()).rejects.toMatchObject({ status: 401 });
    expect(server.asked).toHaveLength(2);
  });
});

describe("an error", () => {
  const errorOf = (path: string): Promise<unknown> =>
    (path === "organizations"
      ? clientOf(() => "a").organizations()
      : clientOf(() => "a").features(path)
    ).catch((error: unknown) => error);

  test("carries what the problem document and the headers say", async () => {
    const headers = { "Retry-After": "7", "X-Request-Id": "from-the-header" };
    server.answerNext("/v1/organizations", problem(503, "unavailable", headers));
    const error = await errorOf("organizations");
    expect(error).toBeInstanceOf(LeftrailError);
    expect(error).toMatchObject({
      name: "LeftrailError",
      status: 503,
      code: "unavailable",
      detail: "The fake says unavailable",
      requestId: "from-the-header",
      retryAfterSeconds: 7,
    });
  });

  test("finds its request in the document where the header can't be read", async () => {
    expect(await errorOf("unknown")).toMatchObject({
      status: 403,
      code: "forbidden",
      requestId: "fake-1",
      retryAfterSeconds: undefined,
    });
  });

  test.each([
    ["a proxy's page", { status: 502, body: "<html>Bad Gateway</html>" }],
    ["no body", { status: 500 }],
    ["JSON that is no object", { status: 500, body: "null" }],
    ["a code that is none", { status: 500, body: '{"code":"toString","detail":1}' }],
    ["a date to come back at", { status: 500, headers: { "Retry-After": "Fri, 31 Jan 2027 12:00:00 GMT" } }],
    ["a 200 that is no JSON", { status: 200, body: "<html>Please log in</html>" }],
    ["a 304 to what nobody asked for", { status: 304 }],
  ])("is unrecognized: %s", async (_title, answer) => {
    server.answerNext("/v1/organizations", answer);
    const error = await errorOf("organizations");
    expect(error).toBeInstanceOf(LeftrailError);
    expect(error).toMatchObject({
      status: answer.status,
      code: "unrecognized",
      requestId: undefined,
      retryAfterSeconds: undefined,
    });
  });
});

test("an aborted read rejects with the reason, and nothing is sent for one that was aborted before", async () => {
  const client = clientOf(() => "alice");
  const aborting = new AbortController();
  server.answerNext("/v1/organizations", { status: 200, headers: { "Content-Length": "9" } });
  const reading = client.organizations({ signal: aborting.signal });
  await waitUntil(() => server.asked.length === 1, { what: "the request, whose body never comes" });
  const reason = new Error("gone elsewhere");
  aborting.abort(reason);
  await expect(reading).rejects.toBe(reason);
  const count = server.asked.length;
  await expect(client.organizations({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(server.asked).toHaveLength(count);
});

test("only so many bodies are kept: the one longest unused is asked for in full again", async () => {
  const client = clientOf(() => "alice");
  await client.features("acme");
  for (let id = 0; id < readsKeptMax; id++) {
    server.setBody(`/v1/organizations/${id}/features`, `"${id}"`, { features: [] });
    await client.features(String(id));
    await client.features("acme");
    expect(lastAsked()).toHaveProperty("if-none-match");
  }
  await client.features("1");
  expect(lastAsked()).toHaveProperty("if-none-match");
  await client.features("0");
  expect(lastAsked()).not.toHaveProperty("if-none-match");
});
