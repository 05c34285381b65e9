import { startTestRedis } from "@leftrail/testkit";
import { Redis } from "ioredis";
import { describe, expect, inject, test } from "vitest";
import { postgresHarness, type StoreHarness } from "@leftrail/store/testing";
import { quickArgon2 } from "../src/api-keys/testing/hashing.ts";
import { openRedis } from "@leftrail/service";
import { apiKeyCalls } from "./api-key-calls.ts";
import { callApp, type AppSetup, type CalledApp } from "./call-app.ts";

const timeout = 30_000;

/** Two control planes as two processes would be: with clients and proofs of their own, on one Postgres and one Redis. */
async function openTwo(setup: AppSetup = { argon2: quickArgon2 }) {
  const resources = new AsyncDisposableStack();
  const redis = resources.use(await startTestRedis());
  const harness = resources.use(await postgresHarness(inject("postgres")));
  const start = async () => {
    const client = resources.adopt(
      openRedis({
        url: redis.url,
        name: "test",
        commandTimeoutMs: 100,
        logger: { warn: () => undefined, info: () => undefined },
      }),
      (it) => it.disconnect(),
    );
    await expect.poll(() => client.status).toBe("ready");
    return resources.use(await callApp(harness, { ...setup, redis: client }));
  };
  const [first, second] = [await start(), await start()];
  const direct = resources.adopt(new Redis(redis.url), (it) => it.disconnect());
  direct.on("error", () => undefined);
  return {
    redis,
    direct,
    start,
    first: { ...first, harness },
    second: { ...second, harness },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const callsOf = (app: CalledApp & { harness: StoreHarness }) => apiKeyCalls(() => app);

const runsOf = async (app: CalledApp): Promise<number> => {
  const found = /^leftrail_argon2_runs_total\{for="verification"\} (\d+)$/m.exec(
    await app.metrics.registry.metrics(),
  );
  return Number(found?.[1] ?? 0);
};

test("what one control plane proved costs the other no run", { timeout }, async () => {
  await using two = await openTwo();
  const { givenTeam, created, verdict } = callsOf(two.first);
  const { admin, tenant } = await givenTeam();
  const { key, id } = await created(tenant.id, admin);
  await expect.poll(() => two.direct.exists(`api-key-proof:${id}`)).toBe(1);
  expect(await verdict(key, two.second)).toBe("valid");
  expect(await verdict(`${key.slice(0, 11)}AAAAAAAAAAAAAA`, two.second)).toBe("not_found");
  expect(await runsOf(two.second)).toBe(0);
});

test(
  "once DELETE has answered, no verification on any control plane is valid: 200 times, proofs known everywhere",
  { timeout },
  async () => {
    await using two = await openTwo();
    const { givenTeam, created, revoke, verdict } = callsOf(two.first);
    const { admin, tenant } = await givenTeam();
    for (let round = 0; round < 200; round++) {
      const { key, id } = await created(tenant.id, admin);
      expect(await verdict(key, two.first)).toBe("valid");
      expect(await verdict(key, two.second)).toBe("valid");
      const under = [two.first, two.second].map((app) => verdict(key, app));
      await revoke(id, admin);
      const after = [two.second, two.first, two.second].map((app) => verdict(key, app));
      expect(await Promise.all(after)).toEqual(["revoked", "revoked", "revoked"]);
      // Those that began before may be told either, but nothing else.
      for (const answer of await Promise.all(under)) expect(["valid", "revoked"]).toContain(answer);
    }
  },
);

test("a rotation and a cancelled tenant are told everywhere at once", { timeout }, async () => {
  await using two = await openTwo();
  const { givenTeam, created, rotate, cancel, verdict } = callsOf(two.first);
  const { admin, tenant } = await givenTeam();
  const { key, id } = await created(tenant.id, admin);
  expect(await verdict(key, two.second)).toBe("valid");
  const { body } = await rotate(id, admin, { grace_seconds: 0 });
  expect(await verdict(key, two.second)).toBe("expired");
  expect(await verdict(body.key, two.second)).toBe("valid");
  await cancel(tenant.id);
  expect(await verdict(body.key, two.second)).toBe("tenant_inactive");
});

describe("what stands in Redis makes nobody valid", () => {
  const spoil: readonly (readonly [
    string,
    (redis: Redis, key: string, other: string) => Promise<unknown>,
  ])[] = [
    ["another key's proof", (redis, key, other) => redis.copy(other, key, "REPLACE")],
    ["a text", (redis, key) => redis.set(key, "proven")],
    ["an empty value", (redis, key) => redis.set(key, "")],
    [
      "a value of another type",
      async (redis, key) => [await redis.del(key), await redis.hset(key, "a", "b")],
    ],
    ["a megabyte", (redis, key) => redis.set(key, "x".repeat(2 ** 20))],
    ["nothing", (redis) => redis.flushall()],
  ];
  test.each(spoil)(
    "%s is a miss: the key is proven anew, a forgery is not",
    { timeout },
    async (_what, change) => {
      await using two = await openTwo();
      const { givenTeam, created, verdict } = callsOf(two.first);
      const { admin, tenant } = await givenTeam();
      const [one, other] = [await created(tenant.id, admin), await created(tenant.id, admin)];
      const [name, otherName] = [one, other].map(({ id }) => `api-key-proof:${id}`);
      await expect.poll(() => two.direct.exists(name!, otherName!)).toBe(2);
      await change(two.direct, name!, otherName!);
      expect(await verdict(`${one.key.slice(0, 11)}AAAAAAAAAAAAAA`, two.second)).toBe("not_found");
      expect(await verdict(one.prefix + other.key.slice(11), two.second)).toBe("not_found");
      expect(await verdict(one.key, two.second)).toBe("valid");
      expect(await verdict(one.key, await two.start())).toBe("valid");
    },
  );
});

describe("while Redis is out of reach every answer is as it would be", () => {
  test.each<[string, NodeJS.Signals]>([
    ["down", "SIGKILL"],
    ["frozen", "SIGSTOP"],
  ])("%s", { timeout }, async (_how, signal) => {
    await using two = await openTwo();
    const { givenTeam, created, revoke, verdict } = callsOf(two.first);
    const { admin, tenant } = await givenTeam();
    const known = await created(tenant.id, admin);
    const unknownToSecond = await created(tenant.id, admin);
    expect(await verdict(known.key, two.second)).toBe("valid");
    const { pid } = two.redis;
    if (pid === undefined) throw new Error("this test needs a redis-server of its own, not one in Docker");
    process.kill(pid, signal);

    expect(await verdict(known.key, two.second)).toBe("valid");
    expect(await verdict(unknownToSecond.key, two.second)).toBe("valid");
    expect(await verdict(`${known.key.slice(0, 11)}AAAAAAAAAAAAAA`, two.second)).toBe("not_found");
    const made = await created(tenant.id, admin);
    expect(await verdict(made.key, two.second)).toBe("valid");
    await revoke(known.id, admin);
    expect(await verdict(known.key, two.first)).toBe("revoked");
    expect(await verdict(known.key, two.second)).toBe("revoked");
    expect(await runsOf(two.second)).toBe(2);
  });

  test("a thaw later the proofs are shared again", { timeout }, async () => {
    await using two = await openTwo();
    const { givenTeam, created, verdict } = callsOf(two.first);
    const { admin, tenant } = await givenTeam();
    const { pid } = two.redis;
    if (pid === undefined) throw new Error("this test needs a redis-server of its own, not one in Docker");
    process.kill(pid, "SIGSTOP");
    const lost = await created(tenant.id, admin);
    expect(await verdict(lost.key, two.second)).toBe("valid");
    process.kill(pid, "SIGCONT");
    await expect
      .poll(
        async () => {
          const { id } = await created(tenant.id, admin);
          return two.direct.exists(`api-key-proof:${id}`);
        },
        { timeout: 10_000 },
      )
      .toBe(1);
  });
});
