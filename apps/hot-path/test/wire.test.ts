import { newUser } from "@leftrail/auth/testing";
import { memoryHarness } from "@leftrail/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type ServerAnswer } from "./ask-server.ts";
import { startHotPath } from "./call-hot-path.ts";

const origin = "https://app.example.com";

// Behind a socket Node and the server's adapter have their own ideas of lengths and empty bodies.
describe.each([
  ["through the app", false],
  ["directly", true],
])("over a socket, %s", (_way, isDirect) => {
  const resources = new AsyncDisposableStack();
  let ask: (method: string, headers?: Readonly<Record<string, string>>) => Promise<ServerAnswer>;

  beforeAll(async () => {
    const harness = resources.use(await memoryHarness());
    const hotPath = resources.use(await startHotPath(harness, { corsOrigins: [origin] }));
    const { app, auth } = hotPath;
    await hotPath.heard();
    const server = resources.use(await startServer(isDirect ? app : { fetch: app.fetch }));
    const authorization = await auth.bearer(newUser());
    ask = (method, headers = {}) =>
      server.ask(
        method,
        "/v1/organizations",
        Object.entries({ Authorization: authorization, ...headers }).flat(),
      );
  });
  afterAll(() => resources.disposeAsync());

  test("a hit goes out with its length, not in chunks, and byte for byte the same each time", async () => {
    const [first, second] = [await ask("GET"), await ask("GET")];
    expect(second.status).toBe(200);
    expect(second.headers["cache-status"]).toBe("leftrail; hit; detail=l1");
    expect(second.headers["content-length"]).toBe(String(second.bytes.length));
    expect(second.headers).not.toHaveProperty("transfer-encoding");
    expect(second.bytes).toEqual(first.bytes);
    expect(second.headers["vary"]).toBe("Authorization, Origin");
  });

  test("304 has neither body nor length", async () => {
    const { headers } = await ask("GET");
    const held = await ask("GET", { "If-None-Match": headers.etag ?? "", Origin: origin });
    expect(held).toMatchObject({ status: 304, bytes: Buffer.alloc(0) });
    for (const name of ["content-length", "content-type", "transfer-encoding"]) {
      expect(held.headers).not.toHaveProperty(name);
    }
    expect(held.headers).toMatchObject({
      etag: headers.etag,
      "cache-control": "private, no-cache",
      "cache-status": "leftrail; hit; detail=l1",
      vary: "Authorization, Origin",
      "access-control-allow-origin": origin,
    });
  });

  test("HEAD says what GET would send, and sends no body", async () => {
    await ask("GET");
    const [get, head] = [await ask("GET"), await ask("HEAD")];
    const comparable = ({ date: _date, "x-request-id": _id, ...headers }: ServerAnswer["headers"]) => headers;
    expect(head).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
    expect(comparable(head.headers)).toEqual(comparable(get.headers));
  });

  test("a preflight has neither body nor token", async () => {
    const answer = await ask("OPTIONS", {
      Authorization: "",
      Origin: origin,
      "Access-Control-Request-Method": "GET",
    });
    expect(answer).toMatchObject({ status: 204, bytes: Buffer.alloc(0) });
    expect(answer.headers["access-control-allow-origin"]).toBe(origin);
  });
});
