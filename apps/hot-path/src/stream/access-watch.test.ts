import { createEpochTable, foundOf, type ReadAnswer } from "@leftrail/read-cache";
import { userScope } from "@leftrail/cache-keys";
import { beforeEach, describe, expect, test } from "vitest";
import { createUserChanges } from "../cache/user-changes.ts";
import { AccessWatch } from "./access-watch.ts";
import { accessChecksMax, accessTurnMaxMs } from "./limits.ts";
import type { StreamConnection } from "./stream-connection.ts";

const organizationIds = ["org-1", "org-2"];
const answerOf = (ids: readonly string[]): ReadAnswer => ({
  ...foundOf(JSON.stringify({ organizations: ids.map((id) => ({ id })) })),
  tier: "l1",
});
const etagOf = (ids: readonly string[]): string => {
  const answer = answerOf(ids);
  return answer.kind === "found" ? answer.etag : "";
};

/** As much of a connection as access concerns. */
class FakeConnection {
  readonly userId: string;
  readonly organizationId: string;
  isRevoked = false;
  constructor(userId: string, organizationId = "org-1") {
    this.userId = userId;
    this.organizationId = organizationId;
  }
  revoke(): void {
    this.isRevoked = true;
  }
}
const connect = (...of: ConstructorParameters<typeof FakeConnection>) => {
  const fake = new FakeConnection(...of);
  return { fake, connection: fake as unknown as StreamConnection };
};

let nowMs: number;
let proofAgeMs: number;
let accessible: readonly string[];
let table: ReturnType<typeof createEpochTable>;
let asked: string[];
let pending: PromiseWithResolvers<ReadAnswer>[] | undefined;
let hit: ReadAnswer | undefined;
let watch: AccessWatch;

beforeEach(() => {
  [nowMs, proofAgeMs, accessible, asked, pending, hit] = [0, 0, organizationIds, [], undefined, undefined];
  table = createEpochTable();
  watch = new AccessWatch({
    cache: {
      hit: () => (hit?.kind === "found" ? hit : undefined),
      read: async ({ variant }) => {
        asked.push(variant);
        if (pending === undefined) return answerOf(accessible);
        const waiting = Promise.withResolvers<ReadAnswer>();
        pending.push(waiting);
        return waiting.promise;
      },
    },
    changes: createUserChanges(table, { proofAgeMs: () => proofAgeMs }),
    clock: () => nowMs,
    requestFor: (userId) => ({
      read: { key: userId, scopes: [] },
      variant: userId,
      load: async () => ({ kind: "absent" }),
    }),
  });
  watch.begin(nowMs);
});

/** A second in which everybody has their turn, and all that was asked is answered. */
const second = async (): Promise<void> => {
  nowMs += 1_000;
  watch.advance(nowMs);
  await new Promise(setImmediate);
};
const etag = etagOf(organizationIds);

describe("while changes are heard of", () => {
  test("a new user is looked at once, for something may have changed since the check; then only what changes is", async () => {
    watch.add(connect("me").connection, etag);
    await second();
    await second();
    await second();
    expect(asked).toEqual(["me"]);
    table.forget([userScope("another")]);
    await second();
    expect(asked).toHaveLength(1);
    table.forget([userScope("me")]);
    await second();
    await second();
    expect(asked).toHaveLength(2);
  });

  test("a second stream that was checked by another answer has both looked at", async () => {
    const [one, other] = [connect("me"), connect("me", "org-2")];
    watch.add(one.connection, etag);
    await second();
    watch.add(other.connection, etagOf(["org-2"]));
    accessible = ["org-1"];
    await second();
    expect([one.fake.isRevoked, other.fake.isRevoked]).toEqual([false, true]);
  });

  test("what changes while the answer is on its way is looked at again", async () => {
    pending = [];
    const { connection, fake } = connect("me");
    watch.add(connection, etag);
    await second();
    table.forget([userScope("me")]);
    pending[0]?.resolve(answerOf(organizationIds));
    await second();
    await second();
    expect(asked).toHaveLength(2);
    pending[1]?.resolve(answerOf([]));
    await second();
    expect(fake.isRevoked).toBe(true);
  });

  test("no more of them: each user is looked at each second", async () => {
    watch.add(connect("me").connection, etag);
    await second();
    proofAgeMs = 10_000;
    await second();
    await second();
    expect(asked).toHaveLength(3);
  });
});

test("few are asked about at a time, each once, and all in the end", async () => {
  pending = [];
  proofAgeMs = 10_000;
  for (let n = 0; n < 20; n++) watch.add(connect(`user-${n}`).connection, etag);
  await second();
  await second();
  expect(asked).toHaveLength(4);
  for (let answered = 0; answered < 20; answered++) {
    pending[answered]?.resolve(answerOf(organizationIds));
    await new Promise(setImmediate);
  }
  expect(new Set(asked).size).toBe(20);
  expect(asked).toHaveLength(20);
});

describe("many who open streams at once", () => {
  const open = (count: number) => Array.from({ length: count }, (_none, n) => watch.check(`user-${n}`));
  const answerAll = async (): Promise<void> => {
    for (let answered = 0; answered < pending!.length; answered++) {
      pending![answered]?.resolve(answerOf(accessible));
      await new Promise(setImmediate);
    }
  };

  test("are asked about so many at a time as can be answered in time, and all in the end", async () => {
    pending = [];
    const opening = open(200);
    await new Promise(setImmediate);
    expect(asked).toHaveLength(accessChecksMax);
    await answerAll();
    const found = await Promise.all(opening);
    expect(found.every((access) => access.etag === etag)).toBe(true);
    expect(new Set(asked).size).toBe(200);
  });

  test("are refused what can't be known in time, without asking", async () => {
    pending = [];
    const opening = Promise.allSettled(open(accessChecksMax + 2));
    await new Promise(setImmediate);
    nowMs += accessTurnMaxMs;
    pending[0]?.resolve(answerOf(accessible));
    await new Promise(setImmediate);
    expect(asked).toHaveLength(accessChecksMax + 1);
    nowMs += 1;
    await answerAll();
    const [late] = (await opening).filter(({ status }) => status === "rejected");
    expect(late).toMatchObject({ reason: { code: "unavailable" } });
    expect(asked).toHaveLength(accessChecksMax + 1);
  });

  test("are asked about once where an answer came while they waited", async () => {
    pending = [];
    const opening = open(accessChecksMax + 1);
    await new Promise(setImmediate);
    hit = answerOf(accessible);
    await answerAll();
    await Promise.all(opening);
    expect(asked).toHaveLength(accessChecksMax);
  });
});

test("who has no stream any more is asked about no more, and held no more", async () => {
  proofAgeMs = 10_000;
  const connections = [connect("me"), connect("me"), connect("another")];
  for (const { connection } of connections) watch.add(connection, etag);
  expect([watch.countOf("me"), watch.countOf("another"), watch.countOf("nobody")]).toEqual([2, 1, 0]);
  for (const { connection } of connections) watch.remove(connection);
  watch.remove(connections[0]!.connection);
  await second();
  expect(asked).toEqual([]);
  expect(watch.countOf("me")).toBe(0);
  expect(table.size).toBe(0);
});

test("one answer ends all streams of what it does not name, and no other", async () => {
  const connections = [connect("me"), connect("me", "org-2"), connect("me")];
  for (const { connection } of connections) watch.add(connection, etag);
  accessible = ["org-2"];
  await second();
  expect(connections.map(({ fake }) => fake.isRevoked)).toEqual([true, false, true]);
});
