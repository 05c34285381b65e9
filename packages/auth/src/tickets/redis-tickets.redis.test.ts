import { closeRedis, createLogger, openRedis } from "@leftrail/service";
import { startTestRedis, waitUntil, type TestRedis } from "@leftrail/testkit";
import type { Redis } from "ioredis";
import fc from "fast-check";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../test/fixture.ts";
import { testStreamTickets } from "../../test/stream-tickets-suite.ts";
import { createInProcessTickets } from "./in-process-tickets.ts";
import type { StreamTickets } from "./ports.ts";
import { createRedisTickets } from "./redis-tickets.ts";

const resources = new AsyncDisposableStack();
let server: TestRedis;
let redis: Redis;
let clock: ManualClock;

const open = (): Redis =>
  resources.adopt(
    openRedis({
      url: server.url,
      name: "test-tickets",
      commandTimeoutMs: 200,
      logger: createLogger({ level: "silent", name: "test" }),
    }),
    closeRedis,
  );

beforeAll(async () => {
  server = resources.use(await startTestRedis());
  redis = open();
  await waitUntil(() => redis.ping(), { what: "Redis" });
});
beforeEach(async () => {
  clock = new ManualClock();
  await redis.flushall();
});
afterAll(() => resources.disposeAsync());

interface Kept {
  readonly claims: object;
  readonly streams: readonly (readonly [string, number])[] | Readonly<Record<string, never>>;
}

/** Makes everything in Redis so much older: what lives for a time, and the ends of leases. */
async function elapse(ms: number): Promise<void> {
  clock.nowMs += ms;
  for (const key of await redis.keys("*")) {
    const leftMs = (await redis.pttl(key)) - ms;
    const kept: Kept = JSON.parse((await redis.get(key)) ?? "");
    const streams = Array.isArray(kept.streams)
      ? kept.streams.map(([id, endsAtMs]) => [id, endsAtMs - ms])
      : [];
    if (leftMs <= 0) await redis.del(key);
    else await redis.set(key, JSON.stringify({ ...kept, streams }), "PX", leftMs);
  }
}

const start = () => createRedisTickets({ redis, clock: clock.now });

describe("tickets in Redis", () => {
  testStreamTickets(() => ({ tickets: start(), nowMs: clock.now, edgeMs: 10_000, elapse }));
});

const claimsOf = (lifeMs = 3_600_000) => ({
  userId: randomUUID(),
  organizationId: randomUUID(),
  tokenExpiresAtMs: clock.nowMs + lifeMs,
});

test("instances that share a Redis share its tickets, and the two streams that each carries", async () => {
  const [one, other] = [start(), createRedisTickets({ redis: open(), clock: clock.now })];
  const { ticket } = await one.issue(claimsOf());
  const hash = (await waitUntil(() => other.find(ticket), { what: "the ticket" })).hash;
  expect(await one.open(hash, "a")).toEqual([]);
  expect(await other.open(hash, "b")).toEqual([]);
  expect(await other.open(hash, "c")).toEqual(["a"]);
  expect(await one.renew(hash, "a")).toBe("lost");
});

test("only its hash is kept, nothing of the ticket", async () => {
  const tickets = start();
  const { ticket } = await tickets.issue(claimsOf());
  const [key = "", ...others] = await redis.keys("*");
  expect(others).toEqual([]);
  expect(key).toBe(`stream-ticket:${(await tickets.find(ticket))?.hash}`);
  const kept = `${key} ${await redis.get(key)}`;
  expect(kept).not.toContain(ticket.slice("st_".length));
});

test("every key of theirs has an end, which its token's is the latest of", async () => {
  const tickets = start();
  const { ticket } = await tickets.issue(claimsOf(50_000));
  const hash = (await tickets.find(ticket))?.hash ?? "";
  const [key = ""] = await redis.keys("*");
  await tickets.open(hash, "a");
  expect(await redis.pttl(key)).toBeLessThanOrEqual(50_000);
  expect(await redis.pttl(key)).toBeGreaterThan(0);
});

test("a stream whose process is gone without a word stops counting when its lease ends", async () => {
  const tickets = start();
  const { ticket } = await tickets.issue(claimsOf());
  const hash = (await tickets.find(ticket))?.hash ?? "";
  await tickets.open(hash, "gone");
  await tickets.open(hash, "alive");
  for (let round = 0; round < 3; round++) {
    await elapse(30_000);
    await tickets.renew(hash, "alive");
  }
  expect(await tickets.open(hash, "new")).toEqual([]);
  expect(await tickets.renew(hash, "gone")).toBe("lost");
});

test.each(["", "no JSON", "[]", "{}", '{"claims":{}}', '{"claims":{"userId":1},"streams":[]}'])(
  "what somebody else has written opens nothing: %j",
  async (value) => {
    const tickets = start();
    const { ticket } = await tickets.issue(claimsOf());
    const { hash = "" } = (await tickets.find(ticket)) ?? {};
    const [key = ""] = await redis.keys("*");
    await redis.set(key, value);
    expect(await tickets.find(ticket)).toBeUndefined();
    await tickets.open(hash, "a").then((opened) => expect(opened).toBeUndefined(), isUnavailable);
  },
);

const isUnavailable = (error: unknown): void => expect(error).toMatchObject({ code: "unavailable" });

test("while Redis is frozen or gone everything is unavailable, within the client's own time", async () => {
  const tickets = start();
  const { ticket } = await tickets.issue(claimsOf());
  const { hash = "" } = (await tickets.find(ticket)) ?? {};
  const askAll = async (): Promise<void> => {
    const asked = [
      () => tickets.issue(claimsOf()),
      () => tickets.find(ticket),
      () => tickets.open(hash, "a"),
      () => tickets.renew(hash, "a"),
      () => tickets.close(hash, "a"),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: "unavailable" });
  };
  await server.freeze();
  await askAll();
  server.thaw();
  await waitUntil(() => tickets.find(ticket), { what: "Redis to answer again" });
  await server.stop();
  await askAll();
  await server.start();
  await waitUntil(async () => (await redis.ping()) === "PONG", { what: "Redis to be back" });
  expect(await tickets.find(ticket)).toBeUndefined();
});

/** A step in the life of one ticket; time goes in steps whose sums never meet one of its limits. */
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("open" as const), stream: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ do: fc.constant("close" as const), stream: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ do: fc.constant("elapse" as const), times: fc.integer({ min: 1, max: 8 }) }),
  ),
  { minLength: 5, maxLength: 30 },
);
const stepMs = 7_000;

test("whatever happens, tickets in Redis and those of one process say the same", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 60 }), async (taken, life) => {
      const both = [start(), createInProcessTickets({ clock: clock.now })];
      const lifeMs = life * stepMs + stepMs / 2;
      const claims = claimsOf(lifeMs);
      const issued = await Promise.all(both.map((tickets) => tickets.issue(claims)));
      const found = await Promise.all(both.map((tickets, at) => tickets.find(issued[at]?.ticket ?? "")));
      const opened = new Set<string>();
      const ask = async (what: (tickets: StreamTickets, hash: string) => Promise<unknown>): Promise<void> => {
        const [one, other] = await Promise.all(
          both.map((tickets, at) => what(tickets, found[at]?.hash ?? "")),
        );
        expect(one).toEqual(other);
      };
      for (const step of taken) {
        if (step.do === "elapse") {
          await elapse(step.times * stepMs);
          for (const id of opened) await ask((tickets, hash) => tickets.renew(hash, id));
        } else if (step.do === "close") {
          await ask((tickets, hash) => tickets.close(hash, `s${step.stream}`));
        } else if (!opened.has(`s${step.stream}`)) {
          opened.add(`s${step.stream}`);
          await ask((tickets, hash) => tickets.open(hash, `s${step.stream}`));
        }
        await ask((tickets) =>
          tickets.find(issued[both.indexOf(tickets)]?.ticket ?? "").then((it) => it?.claims),
        );
      }
    }),
    { numRuns: 60 },
  );
});
