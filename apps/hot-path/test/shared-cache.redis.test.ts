import { callOf, newUser, startTestAuth, type Call, type TestAuth } from "@leftrail/auth/testing";
import { createRedisBus, createRelay } from "@leftrail/changes";
import { createLogger, closeRedis, openRedis } from "@leftrail/service";
import { givenTenant, postgresHarness } from "@leftrail/store/testing";
import { startTestRedis, waitUntil, type TestRedis } from "@leftrail/testkit";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { createDeps } from "../src/deps.ts";
import { override } from "./arrange.ts";

const resources = new AsyncDisposableStack();
const clock = () => performance.now();
let harness: Awaited<ReturnType<typeof postgresHarness>>;
let redis: TestRedis;
let auth: TestAuth;
let one: Call;
let other: Call;

beforeAll(async () => {
  harness = resources.use(await postgresHarness(inject("postgres")));
  redis = resources.use(await startTestRedis());
  auth = resources.use(await startTestAuth());
  const bus = resources.adopt(
    openRedis({
      url: redis.url,
      name: "test-relay",
      logger: createLogger({ level: "silent", name: "test" }),
    }),
    closeRedis,
  );
  resources.use(createRelay({ outbox: harness.store.outbox, bus: createRedisBus(bus), clock }).start());
  const start = async (): Promise<Call> => {
    const config = readConfig({
      AUTH_ISSUERS: auth.setting,
      DATABASE_URL: harness.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: "silent",
    });
    const deps = resources.use(await createDeps(config, () => false));
    await waitUntil(() => deps.verifier.ready(), { what: "the issuer's keys" });
    return callOf(createApp(deps), auth);
  };
  [one, other] = [await start(), await start()];
});
afterAll(() => resources.disposeAsync());

const tierOf = async (call: Call, path: string, as: ReturnType<typeof newUser>): Promise<string> => {
  const { status, headers } = await call("GET", path, { as });
  expect(status).toBe(200);
  return (
    headers
      .get("cache-status")
      ?.split(/[;=] ?/)
      .at(-1) ?? ""
  );
};

/** Until everything that is committed by now has been relayed and heard, by both instances. */
async function settled(): Promise<void> {
  await waitUntil(async () => (await harness.store.read.outbox.look(1)).rows.length === 0, {
    what: "the changes to be relayed",
  });
  const relayedMs = performance.now();
  for (const call of [one, other]) {
    await waitUntil(
      async () => {
        const askedMs = performance.now();
        const { text } = await call("GET", "/metrics");
        const [, ageSeconds] = /^leftrail_changes_proof_age_seconds (\S+)$/m.exec(text) ?? [];
        return askedMs - Number(ageSeconds) * 1_000 > relayedMs;
      },
      { what: "the changes to be heard" },
    );
  }
}

test("what one instance fetched another gives from Redis, then each by itself, and both show a change", async () => {
  const as = newUser();
  const { id } = await givenTenant(harness.store, { members: { [as.userId]: "member" } });
  await settled();
  const path = `/v1/organizations/${id}/features`;
  await waitUntil(async () => (await tierOf(one, path, as)) === "l1", {
    what: "the first instance's own tier",
  });
  const tiers = new Set<string>();
  await waitUntil(async () => tiers.add(await tierOf(other, path, as)).has("l1"), {
    what: "the second instance's own tier",
  });
  expect(tiers).toContain("l2");
  await override(harness, id, "feature", "dashboard", "deny");
  for (const call of [one, other]) {
    await waitUntil(async () => !(await call("GET", path, { as })).body.features.includes("dashboard"), {
      what: "the change",
      timeoutMs: 1_000,
    });
  }
});

test("the metrics tell of changes, keys and tokens", async () => {
  const headers = { authorization: await auth.bearer(newUser()) };
  for (const _again of [1, 2]) await one("GET", "/v1/organizations", { headers });
  const { text } = await one("GET", "/metrics");
  for (const sample of [
    /^leftrail_changes_heard_total [1-9]/m,
    /^leftrail_invalidation_lag_seconds_count [1-9]/m,
    /^leftrail_changes_gaps_total\{reason="connected"\} [1-9]/m,
    /^leftrail_changes_proof_age_seconds 0\.\d/m,
    /^leftrail_cache_shared_usable 1$/m,
    /^leftrail_database_up 1$/m,
    /^leftrail_jwks_age_seconds\{issuer="[^"]+"\} [\d.]+$/m,
    /^leftrail_token_cache_total\{result="hit"\} [1-9]/m,
    /^leftrail_token_cache_total\{result="miss"\} [1-9]/m,
    /^leftrail_nodejs_eventloop_lag_p99_seconds /m,
  ]) {
    expect(text).toMatch(sample);
  }
});

test("Redis gone: ready all the same, told of, and reads go on", async () => {
  const as = newUser();
  expect((await one("GET", "/readyz")).body).toMatchObject({
    status: "ready",
    dependencies: { redis: "ok", database: "ok", issuers: "ok" },
  });
  await redis.stop();
  const readiness = await one("GET", "/readyz");
  expect(readiness).toMatchObject({
    status: 200,
    body: { status: "ready", dependencies: { redis: "failed: error", database: "ok" } },
  });
  expect(await tierOf(one, "/v1/organizations", as)).toBe("miss");
});
