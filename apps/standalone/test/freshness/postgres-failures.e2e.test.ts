import { newUser } from "@leftrail/auth/testing";
import { startFaultProxy, startOwnPostgres, waitUntil, type OwnPostgres } from "@leftrail/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertTenant, startFleet, type Fleet } from "../set-up/fleet.ts";
import { askSteadily, expectFresh, warm } from "../set-up/steady-reader.ts";

const chat = '{"features":["activity","chat","chat_export","chat_history","dashboard","team_settings"]}';
const byDefault = '{"features":["activity","dashboard","team_settings"]}';

let postgres: OwnPostgres;
let fleet: Fleet;
beforeAll(async () => {
  postgres = await startOwnPostgres();
  fleet = await startFleet({ databaseUrl: postgres.url, isEmpty: true, hotPaths: [{}, {}] });
}, 60_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

const givenMember = async () => {
  const as = newUser();
  return { as, ...(await insertTenant(fleet.sql, { [as.userId]: "member" })) };
};

const failures = {
  stopped: { fail: () => postgres.stop(), mend: () => postgres.start() },
  frozen: { fail: () => postgres.freeze(), mend: async () => postgres.thaw() },
};

describe.each(Object.entries(failures))("Postgres is %s", (_name, { fail, mend }) => {
  test("what is cached goes on, marked stale; the rest is 503 at once; both end without a restart", async () => {
    const { as, id, features } = await givenMember();
    const cold = await givenMember();
    await warm(fleet, features, as);
    await fail();
    for (const hotPath of fleet.hotPaths) {
      expect(await fleet.untilTier(hotPath, features, as, "stale")).toMatchObject({
        status: 200,
        body: byDefault,
      });
      const refused = await fleet.get(hotPath, cold.features, cold.as);
      expect(refused).toMatchObject({ status: 503, body: expect.stringContaining('"unavailable"') });
    }
    const asking = askSteadily(fleet, features, as, 50);
    await waitUntil(() => asking.count() >= 50, { what: "some answers" });
    const answers = await asking.stop();
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`))).toEqual(
      new Set([`200 ${byDefault}`]),
    );

    await mend();
    await waitUntil(
      () =>
        fleet.sql`insert into entitlements (tenant_id, product, source)
      values (${id}, 'ai-chat', 'grant') on conflict do nothing`.then(() => true),
      { what: "a write" },
    );
    await expectFresh(fleet, features, as, { status: 200, body: chat });
    await warm(fleet, cold.features, cold.as);
  });

  test("and so is Redis: what the process has goes on, the rest is 503; both come back without a restart", async () => {
    const { as, features } = await givenMember();
    const cold = await givenMember();
    await warm(fleet, features, as);
    await fail();
    await fleet.redis.stop();
    for (const hotPath of fleet.hotPaths) {
      expect(await fleet.untilTier(hotPath, features, as, "stale")).toMatchObject({
        status: 200,
        body: byDefault,
      });
      expect(await fleet.get(hotPath, cold.features, cold.as)).toMatchObject({ status: 503 });
    }
    await fleet.redis.start();
    await mend();
    await warm(fleet, features, as);
    await warm(fleet, cold.features, cold.as);
  });
});

test("Postgres is slow: reads take longer, and are right", async () => {
  await using proxy = await startFaultProxy(postgres.url);
  const slow = await fleet.startHotPath({ DATABASE_URL: proxy.url });
  const { as, features } = await givenMember();
  const other = await givenMember();
  await fleet.untilTier(slow, other.features, other.as, "l1");
  proxy.set({ latencyMs: 40 });
  expect(await fleet.get(slow, features, as)).toMatchObject({ status: 200, body: byDefault, tier: "miss" });
});

test("Postgres is a black hole for one hot path: it recovers without a restart, with new connections", async () => {
  await using proxy = await startFaultProxy(postgres.url);
  const cutOff = await fleet.startHotPath({ DATABASE_URL: proxy.url });
  const { as, features } = await givenMember();
  const cold = await givenMember();
  await fleet.untilTier(cutOff, features, as, "l1");
  proxy.set("blackHole");
  expect(await fleet.get(cutOff, cold.features, cold.as)).toMatchObject({ status: 503 });
  // The relay is heard all the while, so what is cached stays proven.
  expect(await fleet.get(cutOff, features, as)).toMatchObject({ status: 200, tier: "l1" });
  proxy.set("none", { cutLiving: true });
  await fleet.untilTier(cutOff, cold.features, cold.as, "l1");
});
