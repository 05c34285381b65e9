import { randomBytes } from "node:crypto";
import { developmentKeyRing } from "@leftrail/store";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { suspectWaitingPerKeyMax } from "./hash-lane.ts";
import type { Argon2 } from "./key-hash.ts";
import { createKeyMetrics } from "./key-metrics.ts";
import { createKeyProver } from "./key-prover.ts";
import { forgeryOf, holdArgon2, newKey, quickArgon2, rowOf } from "./testing/hashing.ts";

function openProver(argon2: Argon2 = quickArgon2) {
  const metrics = createKeyMetrics(new Registry());
  const warnings: unknown[] = [];
  let nowMs = 0;
  const prover = createKeyProver({
    ring: developmentKeyRing(),
    redis: undefined,
    metrics,
    logger: { warn: (...line: unknown[]) => void warnings.push(line) },
    clock: () => nowMs,
    random: randomBytes,
    argon2,
    // Time flies.
    after: (delayMs, run) => {
      nowMs += delayMs;
      run();
    },
  });
  return { prover, metrics, warnings };
}

const total = async (metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> =>
  (await metric.get()).values.reduce((sum, { value }) => sum + value, 0);

test("after one run it is known of a string whether it is the key", async () => {
  const key = newKey();
  const row = await rowOf(key);
  const { prover, metrics } = openProver();
  const forgery = forgeryOf(key);
  await prover.prove(forgery, row);
  expect(await prover.lookUp(forgery, row)).toBe("refused");
  await prover.prove(key, row);
  expect(await prover.lookUp(key, row)).toBe("proven");
  expect(await total(metrics.argon2Runs)).toBe(2);
});

test("200 first verifications of one key at once run argon2 once", async () => {
  const key = newKey();
  const row = await rowOf(key);
  const held = holdArgon2();
  const { prover } = openProver(held.argon2);
  const proofs = Array.from({ length: 200 }, () => prover.prove(key, row));
  await held.finishAll();
  await Promise.all(proofs);
  expect(held.runs).toBe(1);
  expect(await prover.lookUp(key, row)).toBe("proven");
});

test("the same string for another row, or for another hash of it, is another run", async () => {
  const key = newKey();
  const row = await rowOf(key);
  const held = holdArgon2();
  const { prover } = openProver(held.argon2);
  const others = [{ ...row, id: crypto.randomUUID() }, await rowOf(key)];
  const proofs = [row, ...others].map((each) => prover.prove(key, each));
  await held.finishAll();
  await Promise.all(proofs);
  expect(held.runs).toBe(3);
});

test("of one key's different strings only the first may run among the promising ones", async () => {
  const [key, other] = [newKey(), newKey()];
  const row = await rowOf(key);
  const held = holdArgon2();
  const { prover, metrics } = openProver(held.argon2);
  const forgeries = [forgeryOf(key), forgeryOf(key), forgeryOf(key)];
  const proofs = forgeries.map((forgery) => prover.prove(forgery, row));
  proofs.push(prover.prove(other, await rowOf(other)));
  expect(held.held).toEqual([forgeries[0]?.text, forgeries[1]?.text]);
  expect(await laneValue(metrics.laneWaiting, "suspect")).toBe(1);
  await held.finishOne();
  expect(held.held).toEqual([forgeries[1]?.text, other.text]);
  await held.finishAll();
  await Promise.all(proofs);
});

test("once a string failed, a key's strings are suspect and leave the promising lane to other keys", async () => {
  const [key, other] = [newKey(), newKey()];
  const [row, otherRow] = [await rowOf(key), await rowOf(other)];
  const held = holdArgon2();
  const { prover, metrics } = openProver(held.argon2);
  const first = prover.prove(forgeryOf(key), row);
  await held.finishAll();
  await first;
  const flood = Array.from({ length: 300 }, () => prover.prove(forgeryOf(key), row));
  const outcomes = Promise.allSettled(flood);
  const otherProof = prover.prove(other, otherRow);
  expect(held.held).toHaveLength(2);
  expect(held.held[1]).toBe(other.text);
  expect(await laneValue(metrics.laneWaiting, "suspect")).toBe(suspectWaitingPerKeyMax);
  await held.finishAll();
  await otherProof;
  const refused = (await outcomes).filter(({ status }) => status === "rejected");
  expect(refused).toHaveLength(300 - 1 - suspectWaitingPerKeyMax);
  for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: "unavailable" } });
  expect(held.runningPeak).toBe(2);
});

test("the true key gets through between forgeries, and those that still wait cost no run", async () => {
  const key = newKey();
  const row = await rowOf(key);
  const held = holdArgon2();
  const { prover } = openProver(held.argon2);
  const forgeries = Array.from({ length: 4 }, () => forgeryOf(key));
  const proofs = [prover.prove(forgeries[0]!, row), prover.prove(key, row)];
  proofs.push(...forgeries.slice(1).map((forgery) => prover.prove(forgery, row)));
  await held.finishAll();
  await Promise.all(proofs);
  expect(held.runs).toBe(2);
  expect(await prover.lookUp(key, row)).toBe("proven");
  for (const forgery of forgeries) expect(await prover.lookUp(forgery, row)).toBe("refused");
});

test("a string that found no place is not refused for it", async () => {
  const key = newKey();
  const row = await rowOf(key);
  const held = holdArgon2();
  const { prover } = openProver(held.argon2);
  const proofs = Array.from({ length: 2 + suspectWaitingPerKeyMax }, () => prover.prove(forgeryOf(key), row));
  await expect(prover.prove(key, row)).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
  expect(await prover.lookUp(key, row)).toBe("unknown");
  await held.finishAll();
  await Promise.all(proofs);
  const again = prover.prove(key, row);
  await held.finishAll();
  await again;
  expect(await prover.lookUp(key, row)).toBe("proven");
});

test("a run that fails leaves nothing behind, and the next one decides", async () => {
  const key = newKey();
  const row = await rowOf(key);
  let isBroken = true;
  const { prover } = openProver((...args) =>
    isBroken ? Promise.reject(new Error("out of memory")) : quickArgon2(...args),
  );
  await expect(prover.prove(key, row)).rejects.toThrow("out of memory");
  expect(await prover.lookUp(key, row)).toBe("unknown");
  isBroken = false;
  await prover.prove(key, row);
  expect(await prover.lookUp(key, row)).toBe("proven");
});

test("a stored hash of unknown form is refused without a run, counted, and logged once without it", async () => {
  const { prover, metrics, warnings } = openProver();
  const key = newKey();
  const row = { id: crypto.randomUUID(), keyHash: "argon2i|c2VjcmV0LXNhbHQ|AAAA" };
  for (let n = 0; n < 3; n++) {
    const forgery = forgeryOf(key);
    await prover.prove(forgery, row);
    expect(await prover.lookUp(forgery, row)).toBe("refused");
  }
  expect(await total(metrics.argon2Runs)).toBe(0);
  expect(await total(metrics.refusedHashes)).toBe(3);
  expect(warnings).toHaveLength(1);
  expect(JSON.stringify(warnings)).toContain(row.id);
  expect(JSON.stringify(warnings)).not.toMatch(/c2VjcmV0|argon2i\|/);
});

test("the hash of a new key is under the current tag, with a salt of its own, and needs no second run", async () => {
  const { prover, metrics } = openProver();
  const key = newKey();
  const [one, other] = [await prover.hash(key), await prover.hash(key)];
  expect(one).toMatch(/^argon2id\|[A-Za-z0-9+/]{22}\|[A-Za-z0-9+/]{43}$/);
  expect(other).not.toBe(one);
  const row = { id: crypto.randomUUID(), keyHash: one };
  prover.keepProof(key, row);
  expect(await prover.lookUp(key, row)).toBe("proven");
  expect((await metrics.argon2Runs.get()).values).toMatchObject([{ value: 2, labels: { for: "creation" } }]);
});

const laneValue = async (
  gauge: { get(): Promise<{ values: { value: number; labels: { lane?: string | number } }[] }> },
  lane: string,
): Promise<number | undefined> =>
  (await gauge.get()).values.find(({ labels }) => labels.lane === lane)?.value;
