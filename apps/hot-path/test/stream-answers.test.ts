import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { createInProcessTickets, type StreamTickets } from "@leftrail/auth";
import { newUser } from "@leftrail/auth/testing";
import { ProblemError, problemSchema } from "@leftrail/contract";
import { foundOf, type ReadAnswer } from "@leftrail/read-cache";
import { givenTenant } from "@leftrail/store/testing";
import type { SseReader } from "@leftrail/testkit";
import { waitUntil } from "@leftrail/testkit";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  givenMember,
  removeMember,
  startStreamServer,
  untilEnd,
  type StreamServer,
} from "./stream-server.ts";

const origin = "https://app.example.com";

const problemOf = ({ text }: SseReader) => problemSchema.parse(JSON.parse(text));

/** A stream that tells when to come back, and ends. */
async function expectLater(reader: SseReader, reason: string): Promise<void> {
  await untilEnd(reader);
  expect(reader).toMatchObject({ status: 200, end: "end", text: `retry: 5000\n:${reason}\n\n` });
  expect(reader.headers).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    "referrer-policy": "no-referrer",
    "x-request-id": expect.any(String),
  });
}

// The second way is that of a process with other apps beside it.
describe.each([
  ["directly", true],
  ["through the app", false],
])("a stream opened %s", (_way, isDirect) => {
  const resources = new AsyncDisposableStack();
  let server: StreamServer;
  let member: Awaited<ReturnType<typeof givenMember>>;
  beforeAll(async () => {
    server = resources.use(await startStreamServer({ isDirect, deps: { corsOrigins: [origin] } }));
    member = await givenMember(server, 2);
  });
  afterAll(() => resources.disposeAsync());

  const openMine = (options: Parameters<StreamServer["open"]>[0] = {}) =>
    server.open({
      as: member.as,
      ...options,
      query: { org_id: member.organizationId, ...options.query },
    });

  test("has the headers that keep it from being kept, compressed or held back, and none of a connection's", async () => {
    const { status, headers } = await openMine({ headers: { "accept-encoding": "gzip, br" } });
    expect(status).toBe(200);
    const { date, connection, "transfer-encoding": framing, "x-request-id": id, ...ours } = headers;
    expect(ours).toEqual({
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      vary: "Origin",
    });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect([date, connection, framing]).toEqual([expect.any(String), "close", "chunked"]);
  });

  test("says nothing of the connection to a client that keeps it", async () => {
    const { headers } = await openMine({ headers: { connection: "keep-alive" } });
    expect(headers).not.toHaveProperty("connection");
    expect(headers).not.toHaveProperty("keep-alive");
  });

  test("says who may read it: pages of listed origins, and keeps a caller's request id", async () => {
    const mine = await openMine({ headers: { origin, "x-request-id": "my-id.1" } });
    expect(mine.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "ETag, Cache-Status, X-Request-Id, Retry-After",
      vary: "Origin",
      "x-request-id": "my-id.1",
    });
    const foreign = await openMine({ headers: { origin: "https://evil.example.com" } });
    expect(foreign.headers).not.toHaveProperty("access-control-allow-origin");
    // One object for all requests: what is added to it would stay.
    expect([...RESPONSE_ALREADY_SENT.headers.keys()]).toEqual(["x-hono-already-sent"]);
  });

  test.each([
    ["in the query", true, false],
    ["in the header", false, true],
    ["in both", true, true],
  ])("takes the token %s", async (_where, isInQuery, isInHeader) => {
    const token = await server.token(member.as);
    const { status } = await server.open({
      query: { org_id: member.organizationId, ...(isInQuery && { token }) },
      headers: { ...(isInHeader && { authorization: `Bearer ${token}` }) },
    });
    expect(status).toBe(200);
  });

  test("401, the same for every cause, without a token of a trusted issuer that still holds", async () => {
    const [token, other] = [await server.token(member.as), await server.token(newUser())];
    const exp = Math.floor(Date.now() / 1000) - 2;
    const org_id = member.organizationId;
    const answers = [
      await server.open({ query: { org_id } }),
      await server.open({ query: { org_id, token: "" } }),
      await server.open({ query: { org_id, token: "e30.e30.e30" } }),
      await server.open({ query: { org_id, token: `st_${"a".repeat(43)}` } }),
      await server.open({ query: { org_id, token: "st_" } }),
      await server.open({ query: { org_id, token }, headers: { authorization: `Bearer ${other}` } }),
      await server.open({ query: { org_id, token }, headers: { authorization: "Basic eDp5" } }),
      // Within the tolerance of clocks, in which every other route would take it.
      await openMine({ as: { ...member.as, claims: { exp } } }),
    ];
    for (const { status, headers } of answers) {
      expect(status).toBe(401);
      expect(headers["www-authenticate"]).toBe("Bearer");
    }
    expect(new Set(answers.map((answer) => problemOf(answer).detail)).size).toBe(1);
  });

  test("400 for what is given twice, for an organization that is none and for an unknown type; unknown parameters are ignored", async () => {
    const token = await server.token(member.as);
    const ask = async (query: string) =>
      server.hotPath.call("GET", `/v1/stream?token=${token}&${query}`, { headers: {} });
    for (const query of ["org_id=acme", "events=nothing", "events=a&events=a", `token=${token}`]) {
      const { status, body } = await ask(query);
      expect({ status, code: body.code }).toEqual({ status: 400, code: "invalid_input" });
    }
    const query = { limit: "5", colour: "%00" };
    expect((await openMine({ query })).status).toBe(200);
  });

  test("401 for two Authorization headers, and a position of two headers is none", async () => {
    const token = await server.token(member.as);
    const ask = async (...lines: string[]): Promise<string> => {
      const { port, host } = new URL(server.url);
      const socket = connect(Number(port), "127.0.0.1");
      let text = "";
      socket.on("data", (bytes) => (text += String(bytes)));
      const target = `/v1/stream?org_id=${member.organizationId}`;
      socket.write([`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines, "", ""].join("\r\n"));
      await waitUntil(() => /\r\n\r\n[^]*(?:\}|id: \S+\n)/.test(text), { what: `an answer in ${text}` });
      socket.destroy();
      return text;
    };
    const bearer = `Authorization: Bearer ${token}`;
    expect(await ask(bearer, bearer)).toMatch(/^HTTP\/1.1 401 /);
    const resumed = await ask(bearer, "Last-Event-ID: 1-1", "Last-Event-ID: 1-2");
    expect(resumed).toMatch(/^HTTP\/1.1 200 /);
  });

  test("what is wrong is told in order: 401, 400, 403, 429", async () => {
    const foreign = (await givenTenant(server.harness.store)).id;
    const wrong = { org_id: foreign, events: "nothing" };
    const asked = [
      await server.open({ query: wrong }),
      await server.open({ as: member.as, query: wrong }),
      await server.open({ as: member.as, query: { org_id: foreign } }),
    ];
    expect(asked.map(({ status }) => status)).toEqual([401, 400, 403]);
    for (const reader of asked) expect(reader.headers["content-type"]).toBe("application/problem+json");
  });

  test("is of the organization asked for, else of the token's claim, else of the caller's only one, else 400", async () => {
    const [first, second = ""] = member.organizationIds;
    const claiming = { ...member.as, claims: { org_id: second.toUpperCase() } };
    const alone = await givenMember(server);
    const nobody = newUser();
    const opened = async (options: Parameters<StreamServer["open"]>[0]) => {
      const reader = await server.open(options);
      if (reader.status !== 200) return reader.status;
      const [ofReader] = await waitUntil(
        async () => {
          for (const id of [...member.organizationIds, alone.organizationId]) await server.publish(id);
          return reader.events.length > 0 && reader.events;
        },
        { what: "an event" },
      );
      return JSON.parse(ofReader?.data ?? "").orgId;
    };
    expect(await opened({ as: claiming, query: { org_id: first ?? "" } })).toBe(first);
    expect(await opened({ as: claiming })).toBe(second);
    expect(await opened({ as: alone.as })).toBe(alone.organizationId);
    expect(await opened({ as: member.as })).toBe(400);
    expect(await opened({ as: nobody })).toBe(400);
  });

  test("403, the same for a foreign organization and one that does not exist, however it was named", async () => {
    const foreign = (await givenTenant(server.harness.store, { members: { [randomUUID()]: "owner" } })).id;
    const answers = [
      await openMine({ query: { org_id: foreign } }),
      await openMine({ query: { org_id: randomUUID() } }),
      await server.open({ as: { ...member.as, claims: { org_id: foreign } } }),
      await openMine({ as: { ...member.as, roles: ["platform-admin"] }, query: { org_id: foreign } }),
    ];
    for (const answer of answers) expect(problemOf(answer)).toMatchObject({ status: 403, code: "forbidden" });
    expect(new Set(answers.map((answer) => problemOf(answer).detail)).size).toBe(1);
  });

  test.each(["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])(
    "405 for %s, token or none",
    async (method) => {
      for (const reader of [await openMine({ method }), await server.open({ method })]) {
        expect([reader.status, reader.headers.allow]).toEqual([405, "GET"]);
      }
    },
  );

  test("of more than a user may have is 429, and one that ends makes room", async () => {
    await using small = await startStreamServer({ isDirect, settings: { perUserMax: 2 } });
    const { as } = await givenMember(small);
    const other = await givenMember(small);
    const first = await small.open({ as });
    expect((await small.open({ as })).status).toBe(200);
    const third = await small.open({ as });
    expect(problemOf(third)).toMatchObject({ status: 429, code: "rate_limited" });
    expect(Number(third.headers["retry-after"])).toBeGreaterThan(0);
    expect((await small.open({ as: other.as })).status).toBe(200);
    first[Symbol.dispose]();
    await waitUntil(async () => (await small.open({ as })).status === 200, { what: "room" });
  });

  test("is told to come back later, with 200, while its organization has as many as it may have", async () => {
    await using small = await startStreamServer({ isDirect, settings: { perOrganizationMax: 2 } });
    const { as } = await givenMember(small);
    const first = await small.open({ as });
    expect((await small.open({ as })).status).toBe(200);
    await expectLater(await small.open({ as }), "full");
    expect((await small.open({ as: (await givenMember(small)).as })).headers["transfer-encoding"]).toBe(
      "chunked",
    );
    expect(await small.metric('leftrail_stream_refused_total{reason="full"}')).toBe(1);
    first[Symbol.dispose]();
    await waitUntil(async () => (await small.open({ as })).end === undefined, { what: "room" });
  });

  test("is told to come back later, with 200, while membership, keys or tickets can't be checked", async () => {
    const unavailable = () => Promise.reject(new ProblemError("unavailable", "Not now."));
    const user = newUser();
    const expectLaterWith = async (options: Parameters<typeof startStreamServer>[0], token?: string) => {
      await using failing = await startStreamServer({ isDirect, ...options });
      const query = token === undefined ? {} : { token };
      await expectLater(
        await failing.open({ ...(token === undefined && { as: user }), query }),
        "unavailable",
      );
      expect(failing.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    };
    await expectLaterWith({ deps: { cache: { hit: () => undefined, read: unavailable } } });
    const verifier = { ...server.hotPath.auth.verifier, verify: unavailable };
    await expectLaterWith({ deps: { verifier } });
    const tickets: StreamTickets = { ...createInProcessTickets({ clock: Date.now }), find: unavailable };
    await expectLaterWith({ tickets }, `st_${"a".repeat(43)}`);
  });

  test("is told to come back later, with 200, also for what fails by our own fault, which is logged", async () => {
    const read = () => Promise.reject(new Error("a bug"));
    await using failing = await startStreamServer({
      isDirect,
      deps: { cache: { hit: () => undefined, read } },
    });
    await expectLater(await failing.open({ as: newUser() }), "unavailable");
    expect(failing.log.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
  });

  test("that the client does not wait for leaves nothing behind", async () => {
    const id = randomUUID();
    const waiting = Promise.withResolvers<ReadAnswer>();
    let isAsked = false;
    const read = () => {
      isAsked = true;
      return waiting.promise;
    };
    const settings = { perUserMax: 1 };
    const cache = { hit: () => undefined, read };
    await using slow = await startStreamServer({ isDirect, settings, deps: { cache } });
    const as = newUser();
    const abort = new AbortController();
    const asked = fetch(`${slow.url}/v1/stream?token=${await slow.token(as)}`, { signal: abort.signal });
    await waitUntil(() => isAsked, { what: "the request" });
    abort.abort();
    await expect(asked).rejects.toThrow("aborted");
    expect((await fetch(`${slow.url}/healthz`)).status).toBe(200);
    waiting.resolve({ ...foundOf(JSON.stringify({ organizations: [{ id }] })), tier: "miss" });
    await waitUntil(async () => (await slow.open({ as })).status === 200, { what: "room" });
  });

  test("goes on in HTTP/1.0, where nothing is chunked", async () => {
    const token = await server.token(member.as);
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1");
    let text = "";
    socket.on("data", (bytes) => (text += String(bytes)));
    socket.write(
      `GET /v1/stream?token=${token}&org_id=${member.organizationId} HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
    );
    await waitUntil(() => text.includes("\nid: "), { what: "the beginning" });
    const id = await server.publish(member.organizationId);
    await waitUntil(() => text.includes(`\n\nid: ${id}\nevent: scheduler.tick\n`), { what: "the event" });
    expect(text).not.toMatch(/transfer-encoding/i);
    socket.destroy();
  });
});

test("a member who was removed while the answer is not known to be old gets 403 from then on", async () => {
  await using server = await startStreamServer();
  const { as, organizationId } = await givenMember(server);
  expect((await server.open({ as })).status).toBe(200);
  await removeMember(server, organizationId, as);
  expect((await server.open({ as, query: { org_id: organizationId } })).status).toBe(403);
});
