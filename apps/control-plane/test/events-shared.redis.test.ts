import { createRedisPublisher, type EventPublisher } from "@leftrail/event-broker";
import { openRedis } from "@leftrail/service";
import { givenTenant, memoryHarness } from "@leftrail/store/testing";
import { startTestRedis, waitUntil } from "@leftrail/testkit";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { createScheduler } from "../src/scheduler/scheduler.ts";
import { callApp } from "./call-app.ts";

/** Control planes as several processes would be: with clients of their own, on one store and one Redis. */
async function openOnRedis() {
  const resources = new AsyncDisposableStack();
  const redis = resources.use(await startTestRedis());
  const harness = resources.use(await memoryHarness());
  const tenant = await givenTenant(harness.store);
  async function openEvents(): Promise<EventPublisher> {
    const logger = { info: () => undefined, warn: () => undefined };
    const client = openRedis({ url: redis.url, name: "test", commandTimeoutMs: 500, logger });
    resources.adopt(client, (it) => it.disconnect());
    await waitUntil(() => client.status === "ready", { what: "a connection to Redis" });
    return createRedisPublisher({ redis: client });
  }
  async function start() {
    const app = resources.use(await callApp(harness, { events: await openEvents() }));
    const publish = (change: object = {}) =>
      app.call("POST", "/v1/internal/events", {
        headers: app.internalHeaders,
        body: {
          org_id: tenant.id,
          type: "run.stage",
          data: { runId: "r", stage: "done", progress: 1 },
          ...change,
        },
      });
    return { ...app, publish };
  }
  return { redis, harness, tenant, openEvents, start, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

test("events of all control planes are one history: ids grow, and a key is known to all of them", async () => {
  await using all = await openOnRedis();
  const [one, other] = [await all.start(), await all.start()];
  const ids: string[] = [];
  for (const app of [one, other, one]) {
    const { status, body } = await app.publish();
    expect(status).toBe(202);
    ids.push(body.id);
  }
  const numbers = ids.map((id) => id.split("-").map(Number));
  expect(new Set(numbers.map(([epoch]) => epoch)).size).toBe(1);
  expect(numbers.map(([, seq]) => seq)).toEqual([1, 2, 3]);

  const answers = await Promise.all(
    [one, other, one, other].map((app) => app.publish({ event_key: "the same" })),
  );
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect((await one.publish()).body.id).toBe(`${ids[0]?.split("-")[0]}-5`);
});

test("503 with Retry-After while Redis is stopped, at once; 202 when it is back", async () => {
  await using all = await openOnRedis();
  const app = await all.start();
  expect(await app.publish({ event_key: "before" })).toMatchObject({ status: 202 });
  await all.redis.stop();
  const answer = await app.publish({ event_key: "meanwhile" });
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(answer.text).not.toMatch(/redis|127\.0\.0\.1|ECONN/i);
  await all.redis.start();
  await waitUntil(async () => (await app.publish({ event_key: "meanwhile" })).status === 202, {
    what: "an event to be taken again",
  });
});

test("503 while Redis does not answer; repeated with its key when it does, the event is there once", async () => {
  await using all = await openOnRedis();
  const app = await all.start();
  await all.redis.freeze();
  expect(await app.publish({ event_key: "unsure" })).toMatchObject({ status: 503 });
  all.redis.thaw();
  const { body } = await waitUntil(
    async () => {
      const answer = await app.publish({ event_key: "unsure" });
      return answer.status === 202 && answer;
    },
    { what: "an event to be taken again" },
  );
  const next = await app.publish();
  expect(Number(next.body.id.split("-")[1])).toBe(Number(body.id.split("-")[1]) + 1);
});

test("schedulers that both take themselves for the leader tell who has opened a stream once, and nobody else", async () => {
  await using all = await openOnRedis();
  await givenTenant(all.harness.store);
  const { body: first } = await (await all.start()).publish();
  const nowMs = Date.now();
  const schedulers = [await all.openEvents(), await all.openEvents()].map((events) =>
    createScheduler({ store: all.harness.store, events, periodSeconds: 300, now: () => nowMs }),
  );
  await Promise.all(
    schedulers.map((scheduler) => {
      scheduler.lead();
      return scheduler.tick();
    }),
  );
  const { body: second } = await (await all.start()).publish();
  const seqOf = ({ id }: { id: string }) => Number(id.split("-")[1]);
  expect(seqOf(second) - seqOf(first)).toBe(2);
  const direct = new Redis(all.redis.url);
  const keys = await direct.keys("*");
  direct.disconnect();
  expect(keys.filter((key) => !key.includes(all.tenant.id))).toEqual([]);
});
