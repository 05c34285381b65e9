import { toInstant } from "@leftrail/contract";
import type { Change, Store } from "@leftrail/store";
import { changeAs, givenTenant, memoryHarness, postgresHarness } from "@leftrail/store/testing";
import { startTestRedis, type RedisSnapshot } from "@leftrail/testkit";
import fc from "fast-check";
import { Redis } from "ioredis";
import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, test } from "vitest";
import { featuresOf, openCacheInstance, openRelay } from "../set-up/cache-instance.ts";
import { VersionHistory } from "../set-up/version-history.ts";

const instancesMax = 3;
const users = [randomUUID(), randomUUID()];
const boundaryToleranceMs = 50;

/** What a schedule does, one after another with a pause before each. */
type Step = { readonly pauseMs: number } & (
  | { readonly kind: "member"; readonly org: number; readonly user: number; readonly isMember: boolean }
  | { readonly kind: "entitle"; readonly org: number }
  | {
      readonly kind: "override";
      readonly org: number;
      readonly effect: "grant" | "deny";
      readonly endsInMs: number | null;
    }
  | { readonly kind: "rename"; readonly org: number }
  | { readonly kind: "crash"; readonly instance: number }
  | { readonly kind: "relay" }
  | { readonly kind: "redis"; readonly how: "restart" | "flush" | "freeze" | "older" | "snapshot" }
);

const pauseMs = fc.integer({ min: 0, max: 250 });
const org = fc.nat(1);
const write = fc.oneof(
  fc.record({ kind: fc.constant("member" as const), pauseMs, org, user: fc.nat(1), isMember: fc.boolean() }),
  fc.record({ kind: fc.constant("entitle" as const), pauseMs, org }),
  fc.record({
    kind: fc.constant("override" as const),
    pauseMs,
    org,
    effect: fc.constantFrom("grant" as const, "deny" as const),
    endsInMs: fc.option(fc.integer({ min: 50, max: 1_500 })),
  }),
  fc.record({ kind: fc.constant("rename" as const), pauseMs, org }),
);
const trouble = fc.oneof(
  fc.record({ kind: fc.constant("crash" as const), pauseMs, instance: fc.nat(instancesMax - 1) }),
  fc.record({ kind: fc.constant("relay" as const), pauseMs }),
  fc.record({
    kind: fc.constant("redis" as const),
    pauseMs,
    how: fc.constantFrom(
      "restart" as const,
      "flush" as const,
      "freeze" as const,
      "older" as const,
      "snapshot" as const,
    ),
  }),
);
const schedules: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: write }, { weight: 1, arbitrary: trouble }),
  { minLength: 25, maxLength: 40 },
);

/** The same write on the database and on the model; false where it changes nothing. */
async function writeBoth(stores: readonly Store[], tenantId: string, work: (tx: Change) => Promise<unknown>) {
  for (const store of stores) {
    await changeAs(store, tenantId, work).catch((error: unknown) => {
      // Nothing to change, or another entitlement in force: the same on both.
      if (!(error instanceof Error) || !/without a state change|in force/.test(error.message)) throw error;
    });
  }
}

async function runSchedule(steps: readonly Step[]): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const server = resources.use(await startTestRedis());
  const database = resources.use(await postgresHarness(inject("postgres")));
  const model = resources.use(await memoryHarness());
  const stores = [database.store, model.store];
  const orgs = [randomUUID(), randomUUID()];
  for (const store of stores) {
    for (const id of orgs)
      await givenTenant(store, { id, slug: `t-${id}`, members: { [users[0]!]: "owner" } });
  }
  let relay: ReturnType<typeof openRelay> | undefined = openRelay(database.store, server.url);
  resources.defer(async () => relay?.[Symbol.asyncDispose]());
  const openInstance = () => openCacheInstance(database.url, server.url, randomInt(-1_000_000, 1_000_000));
  const instances = Array.from({ length: instancesMax }, openInstance);
  resources.defer(async () => {
    for (const instance of instances) await instance[Symbol.asyncDispose]();
  });

  const pairs = orgs.flatMap((orgId) =>
    users.map((userId) => ({ orgId, userId, history: new VersionHistory() })),
  );
  /** Moments at which time alone changes the truth, until their own note is made. */
  const reaching = new Set<number>();
  /** No write comes so near to one that it could not be told what the truth was between the two. */
  const untilNoneIsNear = async (): Promise<void> => {
    while ([...reaching].some((atMs) => atMs <= performance.now() + boundaryToleranceMs)) await sleep(10);
  };
  const note = async (fromMs: number): Promise<void> => {
    for (const { orgId, userId, history } of pairs) {
      const { text } = await featuresOf(model.store.read.sidebar, orgId, userId);
      history.append(text, fromMs, performance.now());
    }
  };
  await note(performance.now());

  const over = new AbortController();
  const readers = instances.flatMap((_, slot) =>
    pairs.map(async (pair) => {
      const seen: Seen[] = [];
      while (!over.signal.aborted) {
        const instance = instances[slot]!;
        const askedMs = performance.now();
        const outcome = await instance.features(pair.orgId, pair.userId).catch(() => undefined);
        if (outcome !== undefined) {
          seen.push({ ...outcome, instance, askedMs, answeredMs: performance.now() });
        }
        await sleep(randomInt(1, 15));
      }
      return { ...pair, seen };
    }),
  );
  const watching = Promise.all(readers);
  const boundaries: Promise<void>[] = [];
  let snapshot: RedisSnapshot | undefined;

  const act = async (step: Step): Promise<void> => {
    const fromMs = performance.now();
    switch (step.kind) {
      case "member": {
        const [tenantId, userId] = [orgs[step.org]!, users[step.user]!];
        await writeBoth(stores, tenantId, (tx) =>
          step.isMember
            ? tx.write.memberships.put({ tenantId, userId, role: "owner" })
            : tx.write.memberships.remove(tenantId, userId),
        );
        break;
      }
      case "entitle": {
        const [tenantId, id] = [orgs[step.org]!, randomUUID()];
        await writeBoth(stores, tenantId, async (tx) => {
          const inForce = await tx.entitlements.findInForce(tenantId, "ai-chat");
          if (inForce !== undefined) return tx.write.entitlements.end(inForce.id);
          return tx.write.entitlements.insert({
            id,
            tenantId,
            product: "ai-chat",
            source: "grant",
            startsAt: null,
            ends: null,
            orderId: null,
          });
        });
        break;
      }
      case "override": {
        const [tenantId, id] = [orgs[step.org]!, randomUUID()];
        const endsAtMs = step.endsInMs === null ? null : Date.now() + step.endsInMs;
        const expiresAt =
          endsAtMs === null ? null : toInstant(new Date(endsAtMs).toISOString().replace("Z", "000Z"));
        await writeBoth(stores, tenantId, (tx) =>
          tx.write.overrides.put({
            id,
            tenantId,
            targetType: "feature",
            target: "dashboard",
            effect: step.effect,
            expiresAt,
            reason: null,
          }),
        );
        if (step.endsInMs !== null) {
          const reachedMs = fromMs + step.endsInMs;
          reaching.add(reachedMs);
          const reach = async (afterMs: number): Promise<void> => {
            await sleep(afterMs + boundaryToleranceMs);
            await note(reachedMs - boundaryToleranceMs);
            reaching.delete(reachedMs);
          };
          boundaries.push(reach(step.endsInMs));
        }
        break;
      }
      case "rename":
        await writeBoth(stores, orgs[step.org]!, (tx) =>
          tx.write.tenants.update(orgs[step.org]!, { name: `n-${randomUUID()}` }),
        );
        break;
      case "crash": {
        const crashed = instances[step.instance]!;
        instances[step.instance] = openInstance();
        await crashed[Symbol.asyncDispose]();
        break;
      }
      case "relay":
        // Gone until the next such step.
        if (relay === undefined) relay = openRelay(database.store, server.url);
        else {
          await relay[Symbol.asyncDispose]();
          relay = undefined;
        }
        break;
      case "redis":
        if (step.how === "restart") {
          await server.stop();
          await server.start();
        } else if (step.how === "flush") {
          const direct = new Redis(server.url);
          await direct.flushall();
          direct.disconnect();
        } else if (step.how === "freeze") {
          await server.freeze();
          await sleep(randomInt(100, 1_500));
          server.thaw();
        } else if (step.how === "snapshot") snapshot = await server.saveSnapshot();
        else if (snapshot !== undefined) await server.startFrom(snapshot);
        break;
      default: {
        const unhandled: never = step;
        return unhandled;
      }
    }
    await note(fromMs);
    return undefined;
  };

  for (const step of steps) {
    await Promise.race([sleep(step.pauseMs), watching]);
    await untilNoneIsNear();
    await act(step);
  }
  await Promise.all(boundaries);
  await Promise.race([sleep(300), watching]);
  over.abort();
  for (const { history, seen } of await watching) judge(history, seen);
}

/** What one reader was shown, and by which instance. */
interface Seen {
  readonly instance: object;
  readonly text: string | null;
  readonly tier: string;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** Only afterwards: an answer can show a commit before the commit's own call has returned. */
function judge(history: VersionHistory, answers: readonly Seen[]): void {
  let version = 0;
  let shownBy: object | undefined;
  for (const answer of answers) {
    // One that was started again has shown nothing yet.
    if (answer.instance !== shownBy) version = 0;
    shownBy = answer.instance;
    const explained = history.explain(answer.text, version, answer);
    if (explained === undefined) {
      throw new Error(
        `"${answer.text}" (${answer.tier}), asked at ${answer.askedMs.toFixed(0)}, answered at ` +
          `${answer.answeredMs.toFixed(0)}, after version ${version} of\n${history.describe()}`,
      );
    }
    version = explained;
  }
}

test("whatever is written, crashes, restarts and is skewed: every answer was true within the last second, and no instance goes back", async () => {
  await fc.assert(fc.asyncProperty(schedules, runSchedule), {
    numRuns: 4,
    // A schedule takes seconds; what fails is told with its seed.
    endOnFailure: true,
  });
});

test("the judge finds what is too old, what goes back and what never was", () => {
  const history = new VersionHistory();
  history.append("a", 0, 0);
  history.append("b", 1_000, 1_010);
  history.append("a", 2_000, 2_010);
  const at = (askedMs: number, answeredMs = askedMs) => ({ askedMs, answeredMs });
  expect(history.explain("a", 0, at(500))).toBe(0);
  expect(history.explain("a", 0, at(1_999))).toBe(0);
  expect(history.explain("a", 1, at(1_999))).toBeUndefined();
  expect(history.explain("b", 0, at(900))).toBeUndefined();
  expect(history.explain("b", 0, at(900, 1_000))).toBe(1);
  expect(history.explain("b", 1, at(3_011))).toBeUndefined();
  expect(history.explain("a", 1, at(9_000))).toBe(2);
  expect(history.explain("c", 0, at(500))).toBeUndefined();
});
