import { waitUntil, type SseReader } from "@leftrail/testkit";
import { expect, test } from "vitest";
import { neverHeard } from "./stream-pool.ts";
import { givenMember, removeMember, startStreamServer, untilEnd, untilEvents } from "./stream-server.ts";

const typesOf = ({ events }: SseReader) => events.map(({ type }) => type);

test.each([
  ["as changes are heard of", {}],
  ["where nobody says what changes", { userChanges: neverHeard }],
])("losing membership is told and ends the user's streams of it alone, %s", async (_how, deps) => {
  await using server = await startStreamServer({ deps });
  const { as, organizationIds } = await givenMember(server, 2);
  const bystander = await givenMember(server);
  const [lost = "", kept = ""] = organizationIds;
  const mine = [
    await server.open({ as, query: { org_id: lost } }),
    await server.open({ as, query: { org_id: lost, events: "run.stage" } }),
  ];
  const others = [
    await server.open({ as, query: { org_id: kept } }),
    await server.open({ as: bystander.as }),
  ];
  await removeMember(server, lost, as);
  for (const reader of mine) {
    await untilEnd(reader);
    expect([reader.end, typesOf(reader)]).toEqual(["end", ["stream.revoked"]]);
    expect(reader.events[0]?.id).toMatch(/^\d+-\d+$/);
  }
  for (const id of [kept, bystander.organizationId]) await server.publish(id);
  for (const reader of others) {
    await untilEvents(reader, 1);
    expect(typesOf(reader)).toEqual(["scheduler.tick"]);
  }
  expect(await server.metric('leftrail_stream_ended_total{reason="revoked"}')).toBe(2);
});

test("a token's end is told and ends its stream, also through a real clock", async () => {
  await using server = await startStreamServer();
  const { as } = await givenMember(server);
  const exp = Math.floor(Date.now() / 1000) + 2;
  const reader = await server.open({ as: { ...as, claims: { exp } } });
  await untilEvents(reader, 1);
  expect(JSON.parse(reader.events[0]?.data ?? "").data).toEqual({
    expiresAt: new Date(exp * 1000).toISOString(),
  });
  await untilEnd(reader);
  expect([reader.end, typesOf(reader)]).toEqual(["end", ["stream.reauth"]]);
});

test("when the process is to stop streams end one after another, new ones come back later, and then nothing is left", async () => {
  await using server = await startStreamServer({ settings: { drainMs: 1_000 } });
  const { as } = await givenMember(server);
  const token = await server.token(as);
  const readers: SseReader[] = [];
  for (let count = 0; count < 20; count++) readers.push(await server.open({ as }));
  const countEnded = () => readers.filter(({ end }) => end !== undefined).length;
  const stopping = server.stop();
  // A connection that is there already may still ask for one.
  const answer = await server.hotPath.call("GET", `/v1/stream?token=${token}`);
  expect([answer.status, answer.text]).toEqual([200, "retry: 5000\n:draining\n\n"]);
  const counts = new Set<number>();
  await waitUntil(() => counts.add(countEnded()).has(20), { what: "the ends", intervalMs: 5 });
  expect(counts.size).toBeGreaterThan(4);
  expect(new Set(readers.map(({ end }) => end))).toEqual(new Set(["end"]));
  await stopping;
  expect(await server.metric('leftrail_stream_ended_total{reason="draining"}')).toBe(20);
});
