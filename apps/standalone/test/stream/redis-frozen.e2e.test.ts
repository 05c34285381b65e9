import { newUser } from "@leftrail/auth/testing";
import { createTestDatabase, waitUntil } from "@leftrail/testkit";
import { expect, inject, test } from "vitest";
import { startStreamFleet } from "../set-up/stream-fleet.ts";
import { createFollowers } from "../set-up/stream-follower.ts";
import {
  compareIds,
  expectSendersInOrder,
  expectWhole,
  publishSteadily,
  publishUntilTaken,
  toldData,
} from "../set-up/stream-ledger.ts";

const heartbeatMs = 200;
/** A minute: everybody who waits for Redis has given up, connected anew in vain and asked again. */
const heartbeatsFrozen = 300;
/** Well over what publishing waits for Redis. */
const refusedWithinMs = 5_000;

test("while Redis is frozen for a minute streams stay open with their heartbeats, new ones open and publishing is refused; then everything taken arrives once", async () => {
  await using database = await createTestDatabase(inject("postgres"));
  const env = { STREAM_HEARTBEAT_MS: String(heartbeatMs) };
  await using fleet = await startStreamFleet({ databaseUrl: database.url, hotPaths: [env, env] });
  using followers = createFollowers();
  const [controlPlane] = fleet.controlPlanes;
  const told = await fleet.givenOrganization();
  const changed = await fleet.givenOrganization();
  const unseen = await fleet.givenOrganization();
  const admin = { ...newUser(), roles: ["platform-admin"] };
  const everywhere = async ({ id, as }: typeof told, after?: string) =>
    Promise.all(
      fleet.hotPaths.map(async (hotPath) => {
        const urls = [await fleet.streamUrl(hotPath, id, as)];
        return followers.follow({ urls, ...(after === undefined ? {} : { after }) });
      }),
    );
  const listeners = await everywhere(told);
  const concerned = await everywhere(changed);
  const early = [...listeners, ...concerned];
  await waitUntil(() => early.every(({ isFollowing }) => isFollowing), { what: "all to follow" });
  const publishing = publishSteadily(fleet, told.id, { senders: 4, perSecond: 40 });
  await waitUntil(() => listeners.every(({ count }) => count > 20), { what: "some events" });

  await fleet.redis.freeze();
  const before = early.map(({ heartbeats }) => heartbeats);
  const seen = listeners[0]?.lastEventId ?? "";
  const late = [...(await everywhere(told, seen)), ...(await everywhere(unseen))];

  // One by SQL and two by HTTP.
  await fleet.sql`insert into entitlements (tenant_id, product, source, starts_at)
    values (${changed.id}, 'ai-chat', 'grant', now() - interval '1 day')`;
  const override = { tenant_id: changed.id, target_type: "feature", target: "extra", effect: "grant" };
  const answers = [
    await fleet.call(controlPlane!, "PUT", "/v1/overrides", { as: admin, body: override }),
    await fleet.call(controlPlane!, "PATCH", `/v1/tenants/${changed.id}`, {
      as: changed.as,
      body: { name: "Renamed" },
    }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([201, 200]);

  const askedMs = performance.now();
  const refused = Array.from({ length: 5 }, (_, number) => ({ sender: "refused", number }));
  const refusals = await Promise.all(refused.map((event) => fleet.publish(told.id, event)));
  expect(performance.now() - askedMs).toBeLessThan(refusedWithinMs);
  for (const { status, headers } of refusals) {
    expect([status, Number(headers.get("retry-after"))]).toEqual([503, expect.toSatisfy((it) => it > 0)]);
  }

  await waitUntil(
    () =>
      early.every(({ heartbeats }, at) => heartbeats >= (before[at] ?? 0) + heartbeatsFrozen) &&
      late.every(({ heartbeats }) => heartbeats > 0),
    { what: "the heartbeats", timeoutMs: 2 * heartbeatsFrozen * heartbeatMs },
  );
  expect(concerned.flatMap(({ events }) => events)).toEqual([]);
  fleet.redis.thaw();

  const repeated = await Promise.all(refused.map((event) => publishUntilTaken(fleet, told.id, event)));
  const others = await publishing.stop();
  const taken = [...others, ...repeated].toSorted((a, b) => compareIds(a.id, b.id));
  const takenSince = taken.filter(({ id }) => compareIds(id, seen) > 0);
  for (const listener of listeners) await expectWhole(listener, taken);
  for (const listener of late.slice(0, 2)) await expectWhole(listener, takenSince);
  expectSendersInOrder(others);

  await waitUntil(() => concerned.every(({ count }) => count >= 3), { what: "the changes to be told" });
  for (const { events } of concerned) {
    const data = toldData(events, "org.entitlements.changed");
    expect(data).toHaveLength(events.length);
    expect(data).toHaveLength(3);
    for (const reason of ["entitlement", "override", "tenant"]) {
      expect(data).toContainEqual({ reason, products: ["ai-chat"] });
    }
  }
  await waitUntil(() => late.every(({ isFollowing }) => isFollowing), { what: "the new ones to follow" });
  expect([...early, ...late].flatMap((each) => each.refusals)).toEqual([]);
  expect(early.map(({ connections }) => connections)).toEqual(early.map(() => 1));
}, 180_000);
