import { newUser, type TestUser } from "@leftrail/auth/testing";
import { createTestDatabase, startFaultProxy, waitUntil } from "@leftrail/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { insertTenant, startFleet, type Fleet } from "../set-up/fleet.ts";
import { askSteadily, expectFresh, warm } from "../set-up/steady-reader.ts";

const chat = '{"features":["activity","chat","chat_export","chat_history","dashboard","team_settings"]}';
const byDefault = '{"features":["activity","dashboard","team_settings"]}';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase(inject("postgres"));
});
afterAll(() => database[Symbol.asyncDispose]());

const givenMember = async (fleet: Fleet) => {
  const as = newUser();
  return { as, ...(await insertTenant(fleet.sql, { [as.userId]: "member" })) };
};

const entitle = ({ sql }: Fleet, id: string) =>
  sql`insert into entitlements (tenant_id, product, source) values (${id}, 'ai-chat', 'grant')`;
const endEntitlement = ({ sql }: Fleet, id: string) => sql`delete from entitlements where tenant_id = ${id}`;

/** What happens to Redis, and what of it is mended afterwards. */
const failures = {
  frozen: {
    fail: ({ redis }: Fleet) => redis.freeze(),
    mend: async ({ redis }: Fleet) => redis.thaw(),
  },
  stopped: {
    fail: ({ redis }: Fleet) => redis.stop(),
    mend: ({ redis }: Fleet) => redis.start(),
  },
};

describe("Redis", () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ databaseUrl: database.url, hotPaths: [{}, {}] });
  }, 60_000);
  afterAll(() => fleet[Symbol.asyncDispose]());

  /** From cached to fresh and back, whatever happens to Redis on the way; nobody ever sees an error. */
  async function throughFailure(fail: () => Promise<unknown>, mend: () => Promise<unknown>) {
    const { as, id, features } = await givenMember(fleet);
    await warm(fleet, features, as);
    const asking = askSteadily(fleet, features, as, 50);
    await fail();
    await entitle(fleet, id);
    await expectFresh(fleet, features, as, { status: 200, body: chat });
    await mend();
    await endEntitlement(fleet, id);
    await expectFresh(fleet, features, as, { status: 200, body: byDefault });
    await warm(fleet, features, as);
    const answers = await asking.stop();
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  }

  test.each(Object.entries(failures))(
    "%s: reads go on, fresh, and are cached again afterwards",
    async (_name, way) => {
      await throughFailure(
        () => way.fail(fleet),
        () => way.mend(fleet),
      );
    },
  );

  test("flushed: reads go on, fresh", async () => {
    const direct = new Redis(fleet.redis.url);
    await throughFailure(
      () => direct.flushall(),
      async () => direct.disconnect(),
    );
  });

  test("restarted from older data: what was invalidated since is not revived", async () => {
    const { as, id, features } = await givenMember(fleet);
    await warm(fleet, features, as);
    const snapshot = await fleet.redis.saveSnapshot();
    await entitle(fleet, id);
    await expectFresh(fleet, features, as, { status: 200, body: chat });
    await fleet.redis.startFrom(snapshot);
    const direct = new Redis(fleet.redis.url);
    expect(await direct.exists(`features:${id}:${as.userId}`)).toBe(1);
    direct.disconnect();
    const asking = askSteadily(fleet, features, as, 100);
    await waitUntil(() => asking.count() >= 150, { what: "answers from before and after" });
    await warm(fleet, features, as);
    expect(new Set((await asking.stop()).map(({ body }) => body))).toEqual(new Set([chat]));
  });

  test.each([
    ["corrupt", (redis: Redis, key: string) => redis.setrange(key, 160, "x")],
    [
      "truncated",
      async (redis: Redis, key: string) => redis.set(key, (await redis.getBuffer(key))!.subarray(0, 99)),
    ],
    ["of the wrong type", async (redis: Redis, key: string) => redis.multi().del(key).lpush(key, "x").exec()],
    ["somebody else's", (redis: Redis, key: string, other: string) => redis.copy(other, key, "REPLACE")],
  ])("values that are %s are never served, and put right", async (_what, spoil) => {
    const { as, id, features } = await givenMember(fleet);
    const other = await givenMember(fleet);
    await entitle(fleet, other.id);
    const [first, second] = fleet.hotPaths;
    await fleet.untilTier(first!, features, as, "l1");
    await fleet.untilTier(first!, other.features, other.as, "l1");
    const direct = new Redis(fleet.redis.url);
    await spoil(direct, `features:${id}:${as.userId}`, `features:${other.id}:${other.as.userId}`);
    expect(await fleet.get(second!, features, as)).toMatchObject({
      status: 200,
      body: byDefault,
      tier: "miss",
    });
    const third = await fleet.startHotPath();
    await fleet.untilTier(third, "/v1/organizations", as, "l1");
    expect(await fleet.get(third, features, as)).toMatchObject({ body: byDefault, tier: "l2" });
    direct.disconnect();
  });
});

describe("the relay", () => {
  const withUnrelayed = async (
    work: (fleet: Fleet, member: { as: TestUser; id: string; features: string }) => Promise<void>,
  ) => {
    await using fleet = await startFleet({
      databaseUrl: database.url,
      hotPaths: [{}, {}],
      controlPlanes: [],
    });
    await using proxy = await startFaultProxy(fleet.redis.url);
    const controlPlane = await fleet.startControlPlane({ REDIS_URL: proxy.url });
    const member = await givenMember(fleet);
    await warm(fleet, member.features, member.as);
    proxy.set("blackHole");
    await work(fleet, member);
    controlPlane.kill("SIGKILL");
  };

  test("cut off from Redis between commit and invalidation: fresh all the same, write after write", async () => {
    await withUnrelayed(async (fleet, { as, id, features }) => {
      await entitle(fleet, id);
      await expectFresh(fleet, features, as, { status: 200, body: chat });
      expect(await fleet.sql`select 1 from change_outbox`).not.toHaveLength(0);
      await endEntitlement(fleet, id);
      await expectFresh(fleet, features, as, { status: 200, body: byDefault });
    });
  });

  test("killed right after a commit: fresh without any relay, and relayed by the next one", async () => {
    await using fleet = await startFleet({ databaseUrl: database.url, hotPaths: [{}, {}] });
    const { as, id, features } = await givenMember(fleet);
    const untouched = await givenMember(fleet);
    await warm(fleet, features, as);
    await warm(fleet, untouched.features, untouched.as);
    await entitle(fleet, id);
    fleet.controlPlanes[0]!.kill("SIGKILL");
    await expectFresh(fleet, features, as, { status: 200, body: chat });
    await endEntitlement(fleet, id);
    await expectFresh(fleet, features, as, { status: 200, body: byDefault });
    // What nothing was committed about is still served from the process, after asking for its epochs.
    expect(await fleet.get(fleet.hotPaths[0]!, untouched.features, untouched.as)).toMatchObject({
      tier: "l1",
    });
    await fleet.startControlPlane();
    await waitUntil(async () => (await fleet.sql`select 1 from change_outbox`).length === 0, {
      what: "the outbox to be relayed",
    });
    await warm(fleet, features, as);
  });

  test("of two control planes one relays; killed or frozen, the other takes over", async () => {
    await using fleet = await startFleet({
      databaseUrl: database.url,
      hotPaths: [{}],
      controlPlanes: [{}, {}],
    });
    const { as, id, features } = await givenMember(fleet);
    await warm(fleet, features, as);
    const leads = async (url: string) =>
      /^leftrail_relay_leading 1$/m.test(await (await fetch(`${url}/metrics`)).text());
    const leading = async () => {
      const states = await Promise.all(fleet.controlPlanes.map(async ({ url }) => leads(url)));
      expect(states.filter(Boolean)).toHaveLength(1);
      return fleet.controlPlanes[states.indexOf(true)]!;
    };
    const leader = await leading();
    const standby = fleet.controlPlanes.find((each) => each !== leader)!;
    await leader.freeze();
    await entitle(fleet, id);
    await expectFresh(fleet, features, as, { status: 200, body: chat });
    await waitUntil(() => leads(standby.url), { what: "the standby to lead" }).catch((cause: unknown) => {
      throw new Error(`the standby does not lead: ${standby.log()}`, { cause });
    });
    leader.thaw();
    await waitUntil(async () => !(await leads(leader.url)), { what: "the frozen one to notice" });
    standby.kill("SIGKILL");
    await waitUntil(() => leads(leader.url), { what: "the first to lead again" });
    await endEntitlement(fleet, id);
    await expectFresh(fleet, features, as, { status: 200, body: byDefault });
  });
});
