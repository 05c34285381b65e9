import { newUser, type TestUser } from "@leftrail/auth/testing";
import { createTestDatabase, openSse, waitUntil, type SseReader } from "@leftrail/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { insertTenant } from "../set-up/fleet.ts";
import { startStreamFleet, untilAnnounced, type StreamFleet } from "../set-up/stream-fleet.ts";
import { publishUntilTaken } from "../set-up/stream-ledger.ts";

/** How long a stream may outlive its reader's access, by the contract. */
const revokedWithinMs = 2_000;

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let fleet: StreamFleet;
let readers: DisposableStack;
beforeAll(async () => {
  database = await createTestDatabase(inject("postgres"));
  fleet = await startStreamFleet({ databaseUrl: database.url, hotPaths: [{}, {}, {}] });
});
beforeEach(() => void (readers = new DisposableStack()));
afterEach(() => readers.dispose());
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function open(url: string): Promise<SseReader> {
  const reader = readers.use(await openSse(url));
  await waitUntil(() => reader.lastEventId !== "", { what: "a stream to begin" });
  return reader;
}

const withTicket = ({ url }: { readonly url: string }, ticket: string) => `${url}/v1/stream?token=${ticket}`;

test("a ticket of one instance opens the stream of its organization on any other, two at a time", async () => {
  const [first, second, third] = fleet.hotPaths;
  const { id, as } = await fleet.givenOrganization();
  // Without a ticket it would not be known which of the two is meant.
  await insertTenant(fleet.sql, { [as.userId]: "owner" });
  const ticket = await fleet.issueTicket(first!, id, as);
  const oldest = await open(withTicket(second!, ticket));
  const other = await open(withTicket(third!, ticket));
  const { id: told } = await publishUntilTaken(fleet, id, { sender: "test", number: 0 });
  await waitUntil(() => [oldest, other].every(({ lastEventId }) => lastEventId === told), {
    what: "the event",
  });
  const newest = await open(withTicket(third!, ticket));
  await waitUntil(() => oldest.end === "end", { what: "the oldest to end" });
  expect([other.end, newest.end]).toEqual([undefined, undefined]);
});

/** Ways to have access, and how it ends. */
const ways: readonly (readonly [
  string,
  (as: TestUser) => Promise<{ id: string; readonly revoke: () => Promise<unknown> }>,
])[] = [
  [
    "a member who is removed",
    async (as) => {
      const owner = newUser();
      const { id } = await insertTenant(fleet.sql, { [owner.userId]: "owner", [as.userId]: "member" });
      const path = `/v1/tenants/${id}/members/${as.userId}`;
      return { id, revoke: () => fleet.call(fleet.controlPlanes[0]!, "DELETE", path, { as: owner }) };
    },
  ],
  [
    "an admin of the organization above who becomes a member of it",
    async (as) => {
      const owner = newUser();
      const above = await insertTenant(fleet.sql, { [owner.userId]: "owner", [as.userId]: "admin" });
      const { id } = await insertTenant(fleet.sql, {});
      await fleet.sql`update tenants set parent_tenant_id = ${above.id} where id = ${id}`;
      const path = `/v1/tenants/${above.id}/members/${as.userId}`;
      const body = { role: "member" };
      return { id, revoke: () => fleet.call(fleet.controlPlanes[0]!, "PUT", path, { as: owner, body }) };
    },
  ],
];

test.each(ways)(
  "%s: all of their streams on every instance, by token or ticket, end with stream.revoked within two seconds, and no other",
  async (_who, give) => {
    const [as, member] = [newUser(), newUser()];
    const { id, revoke } = await give(as);
    await fleet.sql`insert into memberships (tenant_id, user_id, role) values (${id}, ${member.userId}, 'member')`;
    const elsewhere = await insertTenant(fleet.sql, { [as.userId]: "member" });
    await untilAnnounced(fleet.sql);
    const tickets = await Promise.all(fleet.hotPaths.map((hotPath) => fleet.issueTicket(hotPath, id, as)));
    const byTicket = fleet.hotPaths.map((hotPath, at) => withTicket(hotPath, tickets.at(at - 1) ?? ""));
    const streamUrls = (organizationId: string, user: TestUser) =>
      Promise.all(fleet.hotPaths.map((hotPath) => fleet.streamUrl(hotPath, organizationId, user)));
    const urls = [...byTicket, ...(await streamUrls(id, as))];
    const otherUrls = [...(await streamUrls(elsewhere.id, as)), ...(await streamUrls(id, member))];
    const streams = await Promise.all(urls.map(open));
    const others = await Promise.all(otherUrls.map(open));
    const { id: last } = await publishUntilTaken(fleet, id, { sender: "test", number: 0 });
    await waitUntil(() => streams.every(({ lastEventId }) => lastEventId === last), { what: "the event" });

    expect(await revoke()).toHaveProperty("ok", true);
    const revokedMs = performance.now();
    await waitUntil(() => streams.every(({ end }) => end !== undefined), { what: "the ends", intervalMs: 5 });
    expect(performance.now() - revokedMs).toBeLessThan(revokedWithinMs);
    for (const { end, events } of streams) {
      expect([end, events.at(-1)]).toEqual([
        "end",
        expect.objectContaining({ id: last, type: "stream.revoked" }),
      ]);
    }
    for (const url of urls) expect(await fetch(url)).toHaveProperty("status", 403);
    expect(others.map(({ end }) => end)).toEqual(others.map(() => undefined));
  },
);
