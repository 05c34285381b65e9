import { newUser } from "@leftrail/auth/testing";
import { createLogger, type DirectAnswer } from "@leftrail/service";
import { givenTenant, memoryHarness } from "@leftrail/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type RawHeaders, type ServerAnswer } from "./ask-server.ts";
import { startHotPath } from "./call-hot-path.ts";

const origin = "https://app.example.com";
const resources = new AsyncDisposableStack();
const lines: string[] = [];
const ways: boolean[] = [];
let ids: { mine: string; foreign: string };
let token: string;
let direct: Awaited<ReturnType<typeof startServer>>;
let routed: typeof direct;

beforeAll(async () => {
  const harness = resources.use(await memoryHarness());
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: "info", name: "test", destination });
  const hotPath = resources.use(await startHotPath(harness, { corsOrigins: [origin], logger }));
  const { app, auth } = hotPath;
  const as = newUser();
  const mine = await givenTenant(harness.store, { members: { [as.userId]: "member" } });
  ids = { mine: mine.id, foreign: (await givenTenant(harness.store)).id };
  token = (await auth.bearer(as)).slice("Bearer ".length);
  await hotPath.heard();
  const noted: DirectAnswer = (incoming, outgoing, leave) => {
    const way = ways.push(true) - 1;
    app.direct(incoming, outgoing, () => {
      ways[way] = false;
      leave();
    });
  };
  direct = resources.use(await startServer({ fetch: app.fetch, direct: noted }));
  routed = resources.use(await startServer({ fetch: app.fetch }));
  for (const read of ["", `/${ids.mine}/features`, `/${ids.mine}/products`, `/${ids.foreign}/features`]) {
    await routed.ask("GET", `/v1/organizations${read}`, ["Authorization", `Bearer ${token}`]);
  }
});
afterAll(() => resources.disposeAsync());

interface Case {
  readonly method?: string;
  readonly path?: (of: typeof ids) => string;
  readonly headers?: (token: string) => RawHeaders;
}

const bearer = (...more: string[]) => ({
  headers: (of: string): RawHeaders => ["Authorization", `Bearer ${of}`, ...more],
});

/** The answer both ways, and which way the first one went. */
async function bothWays({ method = "GET", path, headers = bearer().headers }: Case) {
  const target = path?.(ids) ?? "/v1/organizations";
  ways.length = 0;
  const [one, other] = [
    await direct.ask(method, target, headers(token)),
    await routed.ask(method, target, headers(token)),
  ];
  return { one, other, isDirect: ways[0] };
}

const comparable = ({ status, headers, bytes }: ServerAnswer) => {
  const { date: _date, "x-request-id": id = "", ...rest } = headers;
  const body = bytes.toString().replaceAll(String(id), "the request id");
  return { status, headers: rest, body, hasId: id !== "" };
};

describe("is answered directly, as the app would", () => {
  test.each<[string, Case]>([
    ["the organizations", {}],
    ["the features", { path: ({ mine }) => `/v1/organizations/${mine}/features` }],
    ["the products", { path: ({ mine }) => `/v1/organizations/${mine}/products` }],
    ["for who holds it", bearer("If-None-Match", "*")],
    ["for who holds another", bearer("If-None-Match", '"other"')],
    ["for a page that may read it", bearer("Origin", origin)],
    ["for a page that may not", bearer("Origin", "https://evil.example.com")],
    ["with an id of the caller's that is none", bearer("X-Request-Id", "not well-formed")],
  ])("%s", async (_title, given) => {
    const { one, other, isDirect } = await bothWays(given);
    expect(comparable(one)).toEqual(comparable(other));
    expect(one.status).toBeLessThan(400);
    expect(isDirect).toBe(true);
  });

  test("and the caller's own request id is kept", async () => {
    const { one, isDirect } = await bothWays(bearer("X-Request-Id", "my-id.1"));
    expect([isDirect, one.headers["x-request-id"]]).toEqual([true, "my-id.1"]);
  });
});

describe("is left to the app, so that there is one answer", () => {
  test.each<[string, number, Case]>([
    ["HEAD", 200, { method: "HEAD" }],
    ["an id in capitals", 200, { path: ({ mine }) => `/v1/organizations/${mine.toUpperCase()}/features` }],
    ["an absolute target", 200, { path: () => "http://127.0.0.1/v1/organizations" }],
    ["another spelling of the scheme", 200, { headers: (of) => ["Authorization", `bearer  ${of}`] }],
    ["a host in capitals", 200, bearer("Host", "LOCALHOST")],
    ["a query", 400, { path: () => "/v1/organizations?x=1" }],
    ["a host that is none", 400, bearer("Host", "local host")],
    ["no host", 400, bearer("Host", "")],
    ["two tokens", 401, bearer("Authorization", "Bearer other")],
    ["no token", 401, { headers: () => [] }],
    ["a token that was never seen", 401, { headers: () => ["Authorization", "Bearer e30.e30.e30"] }],
    ["a foreign organization", 403, { path: ({ foreign }) => `/v1/organizations/${foreign}/features` }],
    ["a path that is none", 404, { path: () => "/v1/organizations/" }],
    ["another method", 405, { method: "POST" }],
  ])("%s: %i", async (_title, status, given) => {
    const { one, other, isDirect } = await bothWays(given);
    expect(one.status).toBe(status);
    expect(comparable(one)).toEqual(comparable(other));
    expect(isDirect).toBe(false);
  });
});

test("a direct answer is logged and counted as one of the app", async () => {
  const path = `/v1/organizations/${ids.mine}/features`;
  const samples = async () => {
    const { bytes } = await routed.ask("GET", "/metrics", []);
    return [...bytes.toString().matchAll(/^(leftrail_(?:reads|http_request)\S*features\S*) (\d+)$/gm)]
      .filter(([, name]) => !name?.includes("_bucket"))
      .map(([, name, value]) => [name, Number(value)] as const);
  };
  const before = new Map(await samples());
  lines.length = 0;
  const { isDirect } = await bothWays({ path: () => path });
  expect(isDirect).toBe(true);
  const [one, other] = lines.map((line) => JSON.parse(line));
  const unlike = { time: "", requestId: "", durationMs: 0 };
  expect({ ...one, ...unlike }).toEqual({ ...other, ...unlike });
  expect(one).toMatchObject({ path, status: 200, route: "/v1/organizations/:org_id/features" });
  const added = (await samples()).map(([name, value]) => value - (before.get(name ?? "") ?? 0));
  expect(added.filter((count) => count > 0)).toEqual([2, 2, 2]);
});
