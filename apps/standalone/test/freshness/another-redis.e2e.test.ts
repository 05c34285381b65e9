import { newUser } from "@leftrail/auth/testing";
import { createTestDatabase, startTestRedis } from "@leftrail/testkit";
import { expect, inject, onTestFinished, test } from "vitest";
import { insertTenant, startFleet } from "../set-up/fleet.ts";
import { expectFresh, warm } from "../set-up/steady-reader.ts";

const chat = '{"features":["activity","chat","chat_export","chat_history","dashboard","team_settings"]}';
const byDefault = '{"features":["activity","dashboard","team_settings"]}';

/** Whom a relay may tell instead of the hot paths, by mistake or in the middle of a move. */
const elsewhere = {
  "into another Redis": async () => {
    const redis = await startTestRedis();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    return redis.url;
  },
  "into its own process, without Redis": async () => "",
};

test.each(Object.entries(elsewhere))(
  "while a relay empties the outbox %s, every hot path is fresh all the same, and caches again when it hears one",
  async (_where, redisUrl) => {
    const database = await createTestDatabase(inject("postgres"));
    onTestFinished(() => database[Symbol.asyncDispose]());
    const fleet = await startFleet({ databaseUrl: database.url, hotPaths: [{}] });
    onTestFinished(() => fleet[Symbol.asyncDispose]());
    const as = newUser();
    const { id, features } = await insertTenant(fleet.sql, { [as.userId]: "member" });
    await warm(fleet, features, as);
    const [before] = fleet.controlPlanes;
    await before?.[Symbol.asyncDispose]();
    const foreign = await fleet.startControlPlane({ REDIS_URL: await redisUrl() });
    const entitle = () =>
      fleet.sql`insert into entitlements (tenant_id, product, source) values (${id}, 'ai-chat', 'grant')`;
    const end = () => fleet.sql`delete from entitlements where tenant_id = ${id}`;
    for (let n = 0; n < 3; n++) {
      await entitle();
      await expectFresh(fleet, features, as, { status: 200, body: chat });
      await end();
      await expectFresh(fleet, features, as, { status: 200, body: byDefault });
    }
    const rows = await fleet.sql`select 1 from change_outbox`;
    expect(rows).toEqual([]);
    await foreign[Symbol.asyncDispose]();
    await fleet.startControlPlane();
    await warm(fleet, features, as);
    await entitle();
    await expectFresh(fleet, features, as, { status: 200, body: chat });
  },
);
