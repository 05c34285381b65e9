import { randomBytes } from "node:crypto";
import { createKeyRing, type KeyRing } from "@leftrail/store";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import type { PresentedKey } from "./key-format.ts";
import { createKeyMetrics } from "./key-metrics.ts";
import type { HashedRow } from "./key-proof.ts";
import { createProofCache } from "./proof-cache.ts";
import { sharedProofRestMs, sharedProofTtlSeconds, type RedisCommands } from "./shared-proofs.ts";
import { forgeryOf, newKey, rowOf } from "./testing/hashing.ts";

type Pepper = readonly [id: string, secret: Buffer];
const newPepper = (id: string): Pepper => [id, randomBytes(32)];
const ringOf = (...peppers: readonly Pepper[]): KeyRing => createKeyRing(new Map(peppers));

/** As much of Redis as is used; a real one stands behind the suites with Postgres. */
function openRedis() {
  const values = new Map<string, string>();
  const calls: (readonly unknown[])[] = [];
  let failure: Error | undefined;
  const attempt = <T>(call: readonly unknown[], run: () => T): Promise<T> => {
    calls.push(call);
    return failure === undefined ? Promise.try(run) : Promise.reject(failure);
  };
  const redis: RedisCommands = {
    get: (key) => attempt(["get", key], () => values.get(key) ?? null),
    set: (...args) => attempt(["set", ...args], () => void values.set(args[0], args[1])),
  };
  return { redis, values, calls, failWith: (error: Error | undefined) => (failure = error) };
}

function openCache({
  ring = ringOf(newPepper("p")),
  redis,
  clock = () => 0,
}: {
  ring?: KeyRing;
  redis?: RedisCommands;
  clock?: () => number;
} = {}) {
  const metrics = createKeyMetrics(new Registry());
  return { ...createProofCache({ ring, redis, metrics, clock }), metrics };
}

async function given(): Promise<{ key: PresentedKey; row: HashedRow }> {
  const key = newKey();
  return { key, row: await rowOf(key) };
}

describe("in one process", () => {
  test("nothing is known of a string before it was hashed", async () => {
    const { key, row } = await given();
    expect(await openCache().lookUp(key, row)).toBe("unknown");
  });

  test("a proven key is proven for good, and every other string for it refused", async () => {
    const { key, row } = await given();
    const cache = openCache();
    cache.keepProof(key, row);
    expect(await cache.lookUp(key, row)).toBe("proven");
    expect(await cache.lookUp(forgeryOf(key), row)).toBe("refused");
  });

  test("a string that failed is refused again, and says nothing of the others", async () => {
    const { key, row } = await given();
    const cache = openCache();
    const forgery = forgeryOf(key);
    cache.keepRefusal(forgery, row);
    expect(await cache.lookUp(forgery, row)).toBe("refused");
    expect(await cache.lookUp(key, row)).toBe("unknown");
  });

  test.each([
    ["another hash", async (row: HashedRow) => ({ ...row, keyHash: (await given()).row.keyHash })],
    ["another row", async (row: HashedRow) => ({ ...row, id: crypto.randomUUID() })],
  ])("neither a proof nor a refusal counts for %s", async (_what, change) => {
    const { key, row } = await given();
    const forgery = forgeryOf(key);
    const cache = openCache();
    cache.keepProof(key, row);
    cache.keepRefusal(forgery, row);
    const other = await change(row);
    expect(await cache.lookUp(key, other)).toBe("unknown");
    expect(await cache.lookUp(forgery, other)).toBe("unknown");
  });
});

describe("through Redis", () => {
  test("what one process proved, the others know, of the key and of every other string", async () => {
    const { key, row } = await given();
    const { redis } = openRedis();
    const ring = ringOf(newPepper("p"));
    openCache({ ring, redis }).keepProof(key, row);
    expect(await openCache({ ring, redis }).lookUp(key, row)).toBe("proven");
    const third = openCache({ ring, redis });
    expect(await third.lookUp(forgeryOf(key), row)).toBe("refused");
    expect(await third.lookUp(key, row)).toBe("proven");
  });

  test("a known proof is not asked for again", async () => {
    const { key, row } = await given();
    const { redis, calls } = openRedis();
    const cache = openCache({ redis });
    cache.keepProof(key, row);
    await cache.lookUp(key, row);
    await cache.lookUp(forgeryOf(key), row);
    expect(calls.map(([command]) => command)).toEqual(["set"]);
  });

  test("a proof ends by itself, and neither it nor its name holds the key, its prefix or its hash", async () => {
    const { key, row } = await given();
    const { redis, values, calls } = openRedis();
    openCache({ redis }).keepProof(key, row);
    expect(calls).toEqual([["set", expect.any(String), expect.any(String), "EX", sharedProofTtlSeconds]]);
    const stored = JSON.stringify([...values]);
    for (const secret of [key.text.slice(3), key.prefix, ...row.keyHash.split("|")]) {
      expect(stored).not.toContain(secret);
    }
  });

  test("a proof that was copied to another row is a miss for both keys", async () => {
    const [one, other] = [await given(), await given()];
    const { redis, values } = openRedis();
    const ring = ringOf(newPepper("p"));
    const cache = openCache({ ring, redis });
    cache.keepProof(one.key, one.row);
    const [[name = "", proof = ""] = []] = values;
    values.set(name.replace(one.row.id, other.row.id), proof);
    const reader = openCache({ ring, redis });
    expect(await reader.lookUp(one.key, other.row)).toBe("unknown");
    expect(await reader.lookUp(other.key, other.row)).toBe("unknown");
  });

  test("a proof of the hash that a row had before is a miss", async () => {
    const { key, row } = await given();
    const { redis } = openRedis();
    const ring = ringOf(newPepper("p"));
    openCache({ ring, redis }).keepProof(key, row);
    const rehashed = { ...row, keyHash: (await rowOf(key)).keyHash };
    expect(await openCache({ ring, redis }).lookUp(key, rehashed)).toBe("unknown");
  });

  test.each<[string, (proof: string) => string]>([
    ["empty", () => ""],
    ["cut", (proof) => proof.slice(0, -1)],
    ["of another format", () => '{"valid":true}'],
    ["longer", (proof) => `${proof}A`],
    ["without its seal", (proof) => proof.split(".").slice(0, 2).join(".")],
    ["sealed by nobody", (proof) => [...proof.split(".").slice(0, 2), "A".repeat(43)].join(".")],
    ["changed", (proof) => proof.replace(/\.(.)/, (_all, first) => (first === "A" ? ".B" : ".A"))],
    ["under a pepper that nobody has", (proof) => proof.replace("p.", "q.")],
  ])("a value that is %s is a miss, refuses nobody and is written anew", async (_what, spoil) => {
    const { key, row } = await given();
    const { redis, values } = openRedis();
    const ring = ringOf(newPepper("p"));
    openCache({ ring, redis }).keepProof(key, row);
    const [[name = "", proof = ""] = []] = values;
    values.set(name, spoil(proof));
    const reader = openCache({ ring, redis });
    expect(await reader.lookUp(key, row)).toBe("unknown");
    reader.keepProof(key, row);
    expect(values.get(name)).toBe(proof);
  });

  test("a proof under an older pepper still counts, and no more once that pepper is gone", async () => {
    const { key, row } = await given();
    const { redis } = openRedis();
    const [older, newer] = [newPepper("older"), newPepper("newer")];
    openCache({ ring: ringOf(older), redis }).keepProof(key, row);
    const rotated = openCache({ ring: ringOf(newer, older), redis });
    expect(await rotated.lookUp(key, row)).toBe("proven");
    expect(await rotated.lookUp(forgeryOf(key), row)).toBe("refused");
    expect(await openCache({ ring: ringOf(newer), redis }).lookUp(key, row)).toBe("unknown");
  });

  test("while Redis fails nothing is known and nothing breaks; it is left alone, then asked again", async () => {
    const { key, row } = await given();
    const { redis, calls, failWith } = openRedis();
    const ring = ringOf(newPepper("p"));
    openCache({ ring, redis }).keepProof(key, row);
    calls.length = 0;
    let nowMs = 0;
    const cache = openCache({ ring, redis, clock: () => nowMs });
    failWith(new Error("Command timed out"));
    expect(await cache.lookUp(key, row)).toBe("unknown");
    failWith(undefined);
    nowMs = sharedProofRestMs - 1;
    expect(await cache.lookUp(key, row)).toBe("unknown");
    expect(calls).toHaveLength(1);
    nowMs = sharedProofRestMs;
    expect(await cache.lookUp(key, row)).toBe("proven");
    expect((await cache.metrics.sharedProofFailures.get()).values).toMatchObject([{ value: 1 }]);
  });

  test("a proof that can't be shared is known here all the same", async () => {
    const { key, row } = await given();
    const { redis, failWith } = openRedis();
    failWith(new Error("READONLY"));
    const cache = openCache({ redis });
    cache.keepProof(key, row);
    expect(await cache.lookUp(key, row)).toBe("proven");
  });
});
