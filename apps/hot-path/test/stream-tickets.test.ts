import { createInProcessTickets, type StreamTickets } from "@leftrail/auth";
import { newUser, type Answer, type TestUser } from "@leftrail/auth/testing";
import { issuedStreamTicketSchema, ProblemError } from "@leftrail/contract";
import { givenTenant } from "@leftrail/store/testing";
import { waitUntil, type SseReader } from "@leftrail/testkit";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  givenMember,
  removeMember,
  startStreamServer,
  untilEnd,
  untilEvents,
  type StreamServer,
} from "./stream-server.ts";

const resources = new AsyncDisposableStack();
let nowMs = Date.now();
let server: StreamServer;
let as: TestUser;
let organizationId: string;

beforeAll(async () => {
  server = resources.use(
    await startStreamServer({ tickets: createInProcessTickets({ clock: () => nowMs }) }),
  );
});
beforeEach(async () => {
  nowMs = Date.now();
  ({ as, organizationId } = await givenMember(server, 2));
});
afterAll(() => resources.disposeAsync());

const post = (body: unknown, by: TestUser | undefined = as, path = "/v1/stream/tickets"): Promise<Answer> =>
  server.hotPath.call("POST", path, { ...(by && { as: by }), body });
const issue = async (by: TestUser = as): Promise<string> => (await post({ organizationId }, by)).body.ticket;
const open = (ticket: string, query: Record<string, string> = {}): Promise<SseReader> =>
  server.open({ query: { token: ticket, ...query } });

/** A ticket of another server, for a member of its own. */
async function issueOn(other: StreamServer) {
  const member = await givenMember(other);
  const body = { organizationId: member.organizationId };
  const answer = await other.hotPath.call("POST", "/v1/stream/tickets", { as: member.as, body });
  return { ticket: String(answer.body.ticket), member };
}

describe("POST /v1/stream/tickets", () => {
  test("201 with a ticket that waits a minute for its first stream, and nobody may keep the answer", async () => {
    const answer = await post({ organizationId: organizationId.toUpperCase() });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(issuedStreamTicketSchema.parse(answer.body)).toEqual({
      ticket: expect.stringMatching(/^st_[\w-]{43}$/),
      expiresAt: new Date(nowMs + 60_000).toISOString(),
    });
  });

  test("it never outlives the token that it came from", async () => {
    const exp = Math.floor(nowMs / 1000) + 30;
    const { body } = await post({ organizationId }, { ...as, claims: { exp } });
    expect(body.expiresAt).toBe(new Date(exp * 1000).toISOString());
    const over = { ...as, claims: { exp: Math.floor(Date.now() / 1000) - 2 } };
    expect((await post({ organizationId }, over)).status).toBe(401);
  });

  test("401 without an access token; a ticket is none", async () => {
    const anonymous = await server.hotPath.call("POST", "/v1/stream/tickets", { body: { organizationId } });
    expect(anonymous.status).toBe(401);
    const headers = { authorization: `Bearer ${await issue()}` };
    const byTicket = await server.hotPath.call("POST", "/v1/stream/tickets", {
      headers,
      body: { organizationId },
    });
    expect(byTicket.status).toBe(401);
  });

  test.each<[string, unknown]>([
    ["no organization", {}],
    ["an organization that is none", { organizationId: "acme" }],
    ["a field too many", { organizationId: randomUUID(), ttl: 5 }],
    ["no object", []],
    ["no JSON", "{"],
  ])("400 for %s", async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
  });

  test("400 for a query, 413 for too large a body, 415 for one that is no JSON", async () => {
    expect((await post({ organizationId }, as, "/v1/stream/tickets?x=1")).status).toBe(400);
    expect((await post({ organizationId: "x".repeat(70_000) })).status).toBe(413);
    const headers = { "content-type": "text/plain" };
    const answer = await server.hotPath.call("POST", "/v1/stream/tickets", { as, headers, body: "{}" });
    expect(answer.status).toBe(415);
  });

  test("403, the same for a foreign organization and one that does not exist", async () => {
    const { id } = await givenTenant(server.harness.store);
    const answers = [await post({ organizationId: id }), await post({ organizationId: randomUUID() })];
    for (const answer of answers) expect(answer).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect(answers[0]?.body.detail).toBe(answers[1]?.body.detail);
  });

  test.each(["GET", "PUT", "DELETE"])("405 for %s", async (method) => {
    const answer = await server.hotPath.call(method, "/v1/stream/tickets", { as });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("503 with Retry-After while none can be given out, or membership can't be checked", async () => {
    const unavailable = () => Promise.reject(new ProblemError("unavailable", "Not now."));
    const kept = createInProcessTickets({ clock: Date.now });
    const tickets: StreamTickets = { ...kept, issue: unavailable };
    for (const options of [{ tickets }, { deps: { cache: { hit: () => undefined, read: unavailable } } }]) {
      await using failing = await startStreamServer(options);
      const member = await givenMember(failing);
      const body = { organizationId: member.organizationId };
      const answer = await failing.hotPath.call("POST", "/v1/stream/tickets", { as: member.as, body });
      expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
      expect(answer.headers.get("retry-after")).toBe("1");
    }
  });
});

describe("a ticket", () => {
  test("opens the stream of its organization, whatever else is asked for, in the query and in the header", async () => {
    const ticket = await issue();
    const other = await givenMember(server);
    const readers = [
      await open(ticket, { org_id: other.organizationId }),
      await server.open({ headers: { authorization: `Bearer ${ticket}` } }),
    ];
    const id = await server.publish(organizationId);
    for (const reader of readers) {
      await untilEvents(reader, 1);
      expect(reader.lastEventId).toBe(id);
    }
  });

  test("is 401 when it was not redeemed within 60 seconds; refusals do not redeem it", async () => {
    const ticket = await issue();
    nowMs += 59_000;
    expect((await open(ticket, { events: "nothing" })).status).toBe(400);
    nowMs += 1_000;
    const late = await open(ticket);
    expect([late.status, late.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  });

  test("may be used again by a client that comes back, for 120 seconds after its stream", async () => {
    const ticket = await issue();
    for (const pauseMs of [119_000, 119_000, 120_000]) {
      const reader = await open(ticket);
      expect(reader.status).toBe(200);
      // Open for longer than a new ticket waits.
      nowMs += 300_000;
      reader[Symbol.dispose]();
      await isGone();
      nowMs += pauseMs;
    }
    expect((await open(ticket)).status).toBe(401);
  });

  /** All streams of this user have been seen to end. */
  const isGone = () =>
    waitUntil(
      () => {
        const mine = server.log.filter((line) => line.includes(as.userId));
        const count = (what: string) => mine.filter((line) => line.includes(what)).length;
        return count('"stream opened"') === count('"stream ended"');
      },
      { what: "the ends of all streams" },
    );

  test("ends with its token: its stream, and every use of it", async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const ticket = await issue({ ...as, claims: { exp } });
    const reader = await open(ticket);
    await untilEnd(reader);
    expect(Date.now()).toBeLessThanOrEqual(exp * 1000 + 1_000);
    expect(reader.events.map(({ type }) => type)).toEqual(["stream.reauth"]);
    nowMs = exp * 1000;
    expect((await open(ticket)).status).toBe(401);
  });

  test("carries two streams; a third ends the oldest, and another ticket's streams are none of its business", async () => {
    const [ticket, another] = [await issue(), await issue()];
    const bystander = await open(another);
    const readers = [await open(ticket), await open(ticket), await open(ticket)];
    await untilEnd(readers[0]!);
    expect(readers[0]?.end).toBe("end");
    const id = await server.publish(organizationId);
    for (const reader of [...readers.slice(1), bystander]) {
      await untilEvents(reader, 1);
      expect(reader.lastEventId).toBe(id);
    }
  });

  test("is 403 once its user has no access any more", async () => {
    const ticket = await issue();
    await removeMember(server, organizationId, as);
    expect((await open(ticket)).status).toBe(403);
  });

  test("counts towards what a user may have; a refused stream takes no place on it", async () => {
    await using small = await startStreamServer({ settings: { perUserMax: 2 } });
    const { ticket } = await issueOn(small);
    const byTicket = () => small.open({ query: { token: ticket } });
    const [first, second] = [await byTicket(), await byTicket()];
    for (let count = 0; count < 3; count++) expect((await byTicket()).status).toBe(429);
    expect(first.end).toBeUndefined();
    second[Symbol.dispose]();
    await waitUntil(async () => (await byTicket()).status === 200, { what: "room" });
    expect(first.end).toBeUndefined();
  });

  test("has its place back when the room is taken while the place is", async () => {
    const kept = createInProcessTickets({ clock: Date.now });
    const gate = Promise.withResolvers<void>();
    const calls: string[] = [];
    const tickets: StreamTickets = {
      ...kept,
      open: async (hash, streamId) => {
        calls.push("open");
        await gate.promise;
        return kept.open(hash, streamId);
      },
      close: async (hash, streamId) => {
        calls.push("close");
        await kept.close(hash, streamId);
      },
    };
    await using small = await startStreamServer({ tickets, isDirect: false, settings: { perUserMax: 1 } });
    const { ticket, member } = await issueOn(small);
    const opening = small.open({ query: { token: ticket } });
    await waitUntil(() => calls.length > 0, { what: "the place to be asked for" });
    expect((await small.open({ as: member.as })).status).toBe(200);
    gate.resolve();
    expect((await opening).status).toBe(429);
    await waitUntil(() => calls.length > 1, { what: "the place to be given back" });
    expect(calls).toEqual(["open", "close"]);
  });

  test("is told to come back later, with 200, while its use can't be noted", async () => {
    const kept = createInProcessTickets({ clock: Date.now });
    const unavailable = () => Promise.reject(new ProblemError("unavailable", "Not now."));
    await using failing = await startStreamServer({ tickets: { ...kept, open: unavailable } });
    const { ticket } = await issueOn(failing);
    const reader = await failing.open({ query: { token: ticket } });
    await untilEnd(reader);
    expect(reader).toMatchObject({ status: 200, retryMs: 5_000, comments: ["unavailable"], events: [] });
  });
});

test("tickets are for who asks: another user's is another stream's", async () => {
  const stranger = newUser();
  expect((await post({ organizationId }, stranger)).status).toBe(403);
});
