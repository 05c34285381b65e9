import { newUser } from "@leftrail/auth/testing";
import { openSse } from "@leftrail/testkit";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { givenMember, startStreamServer, untilEnd, type StreamServer } from "./stream-server.ts";

describe.each([
  ["directly", true],
  ["through the app", false],
])("tokens and tickets of streams opened %s", (_way, isDirect) => {
  const resources = new AsyncDisposableStack();
  const answers: string[] = [];
  let server: StreamServer;
  let secrets: readonly string[];

  beforeAll(async () => {
    server = resources.use(await startStreamServer({ isDirect, settings: { perUserMax: 1 } }));
    const { as, organizationId } = await givenMember(server);
    const token = await server.token(as);
    const issued = await server.hotPath.call("POST", "/v1/stream/tickets", { as, body: { organizationId } });
    const { ticket } = issued.body;
    const unknown = `st_${"k".repeat(43)}`;
    const broken = `${token.slice(0, -4)}AAAA`;
    secrets = [token, ticket, unknown, broken].flatMap((text) => [
      text,
      text.slice(-30),
      text.split(".")[1] ?? text,
    ]);
    const first = await server.open({ as });
    const asked = [
      `token=${token}`,
      `token=${token}&token=${token}`,
      `token=${token}&events=${token}`,
      `token=${token}&org_id=${token}`,
      `token=${token}&${token}=1&%ZZ${token}`,
      `token=${ticket}`,
      `token=${ticket}&events=${ticket}`,
      `token=${unknown}`,
      `token=${broken}`,
      `token=${await server.token(newUser())}`,
    ];
    for (const query of asked) {
      for (const method of ["GET", "HEAD", "POST"]) {
        const response = await fetch(`${server.url}/v1/stream?${query}`, {
          method,
          headers: { "x-request-id": `st-${method}`, authorization: `Bearer ${token}` },
        });
        answers.push(JSON.stringify([...response.headers]) + (await response.text()));
        const plain = await fetch(`${server.url}/v1/stream?${query}`, { method });
        answers.push(await plain.text());
      }
    }
    first[Symbol.dispose]();
  });
  afterAll(() => resources.disposeAsync());

  test("are in no log line, though every request and every stream has one", () => {
    const log = server.log.join("");
    expect(log).toContain('"path":"/v1/stream"');
    expect(log).toContain('"stream opened"');
    for (const secret of secrets) expect(log).not.toContain(secret);
    expect(log).not.toMatch(/token=|st_/);
  });

  test("are not needed to see who asked: a request that was refused is logged with its user", () => {
    const lines = server.log.map((line) => JSON.parse(line));
    const refused = lines.filter(({ msg, status }) => msg === "request" && status === 429);
    expect(refused.length).toBeGreaterThan(3);
    for (const { userId, path } of refused)
      expect([userId, path]).toEqual([expect.any(String), "/v1/stream"]);
  });

  test("are in no metric and in no answer", async () => {
    const metrics = await server.metrics.registry.metrics();
    expect(answers.length).toBeGreaterThan(50);
    for (const secret of secrets) {
      expect(metrics).not.toContain(secret);
      for (const answer of answers) expect(answer).not.toContain(secret);
    }
  });

  test("are said to be wrong by the parameter's name alone", () => {
    expect(answers.join("")).toContain('"pointer":"?token"');
    expect(answers.join("")).toContain('"pointer":"?events"');
  });
});

test("an open stream keeps nothing of its request in memory, its token least of all", async () => {
  await using server = await startStreamServer();
  const { as } = await givenMember(server);
  const requests: IncomingMessage[] = [];
  const raw = createServer((incoming, outgoing) => {
    requests.push(incoming);
    server.hotPath.app.direct(incoming, outgoing, () => outgoing.end());
  }).listen(0, "127.0.0.1");
  await once(raw, "listening");
  const address = raw.address();
  const port = typeof address === "object" ? address?.port : undefined;
  using reader = await openSse(`http://127.0.0.1:${port}/v1/stream?token=${await server.token(as)}`);
  expect(reader).toMatchObject({ status: 200, end: undefined });
  expect(requests.map(({ url, headers, rawHeaders }) => ({ url, headers, rawHeaders }))).toEqual([
    { url: "", headers: {}, rawHeaders: [] },
  ]);
  raw.close().closeAllConnections();
});

test("a stream is logged when it opens and when it ends: who, which organization, why, how long, how many events", async () => {
  await using server = await startStreamServer();
  const { as, organizationId } = await givenMember(server);
  const exp = Math.floor(Date.now() / 1000) + 1;
  const headers = { "x-request-id": "my-id" };
  const reader = await server.open({
    as: { ...as, claims: { exp } },
    headers,
    query: { last_event_id: "x" },
  });
  await untilEnd(reader);
  const lines = server.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg.startsWith("stream"));
  const names = { requestId: "my-id", userId: as.userId, organizationId };
  expect(lines).toMatchObject([
    { ...names, msg: "stream opened", isResumed: true },
    { ...names, msg: "stream ended", reason: "expired", durationMs: expect.any(Number), sentEvents: 0 },
  ]);
});
