import { developmentKeyRing, type KeyForVerification } from "@leftrail/store";
import { toInstant } from "@leftrail/contract";
import { randomBytes } from "node:crypto";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { createKeyMetrics } from "./key-metrics.ts";
import { createKeyProver } from "./key-prover.ts";
import { forgeryOf, holdArgon2, newKey, quickArgon2, rowOf } from "./testing/hashing.ts";
import { verifyKey, type VerificationContext } from "./verify-key.ts";

const past = toInstant("2026-01-01T00:00:00.000001Z");
const notFound = { valid: false, code: "not_found" };

/** One key and its row, which the test may change; and a verification of it. */
async function given({ argon2 = quickArgon2 } = {}) {
  const key = newKey();
  const row: KeyForVerification = {
    ...(await rowOf(key)),
    tenantId: crypto.randomUUID(),
    scopes: ["read", "write"],
    expiresAt: null,
    revokedAt: null,
    isExpired: false,
    tenantStatus: "active",
    products: ["ai-chat"],
  };
  const rows = new Map([[key.prefix, row]]);
  const reads: string[] = [];
  const used: string[] = [];
  const metrics = createKeyMetrics(new Registry());
  const ctx: VerificationContext = {
    rows: {
      async findForVerification(prefix) {
        reads.push(prefix);
        return rows.get(prefix);
      },
    },
    prover: createKeyProver({
      ring: developmentKeyRing(),
      redis: undefined,
      metrics,
      logger: { warn: () => undefined },
      clock: () => 0,
      random: randomBytes,
      argon2,
    }),
    usage: { note: (id) => void used.push(id) },
  };
  return {
    key,
    row,
    reads,
    used,
    change: (change: Partial<KeyForVerification>) => void rows.set(key.prefix, { ...row, ...change }),
    remove: () => rows.delete(key.prefix),
    verify: (text = key.text) => verifyKey({ ctx, input: { key: text } }),
    verifyBody: (input: unknown) => verifyKey({ ctx, input }),
    runs: async () => (await metrics.argon2Runs.get()).values.reduce((sum, { value }) => sum + value, 0),
  };
}

test("a key is valid with what it may do, to the millisecond, and its use is noted", async () => {
  const { row, verify, change, used } = await given();
  change({ expiresAt: toInstant("2030-01-02T03:04:05.678901Z") });
  expect(await verify()).toEqual({
    valid: true,
    key_id: row.id,
    tenant_id: row.tenantId,
    scopes: ["read", "write"],
    expires_at: "2030-01-02T03:04:05.678Z",
    products: ["ai-chat"],
  });
  expect(used).toEqual([row.id]);
});

test.each<[string, Partial<KeyForVerification>, string]>([
  ["revoked", { revokedAt: past }, "revoked"],
  ["expired", { expiresAt: past, isExpired: true }, "expired"],
  ["of a pending tenant", { tenantStatus: "pending" }, "tenant_inactive"],
  ["of a cancelled tenant", { tenantStatus: "cancelled" }, "tenant_inactive"],
  ["all of that, and so revoked", { revokedAt: past, isExpired: true, tenantStatus: "cancelled" }, "revoked"],
])(
  "a proven key that is %s is told so; a forged one is not found, and neither is a use",
  async (_what, state, code) => {
    const { key, verify, change, used } = await given();
    change(state);
    for (let n = 0; n < 2; n++) {
      expect(await verify()).toEqual({ valid: false, code });
      expect(await verify(forgeryOf(key).text)).toEqual(notFound);
    }
    expect(used).toEqual([]);
  },
);

describe("not found, without a read, is a body", () => {
  test.each<[string, unknown]>([
    ["that is none", undefined],
    ["null", null],
    ["that is a string", "bp_AAECAwQFBgcICQoLDA0ODw"],
    ["that is a list", [{ key: "bp_AAECAwQFBgcICQoLDA0ODw" }]],
    ["without a key", {}],
    ["with another field", { key: "bp_AAECAwQFBgcICQoLDA0ODw", tenant_id: "x" }],
    ["with a list of keys", { key: ["bp_AAECAwQFBgcICQoLDA0ODw"] }],
    ["with a key of another shape", { key: "bp_short" }],
    ["whose key is inherited", Object.create({ key: "bp_AAECAwQFBgcICQoLDA0ODw" })],
  ])("%s", async (_what, input) => {
    const { verifyBody, reads } = await given();
    expect(await verifyBody(input)).toEqual(notFound);
    expect(reads).toEqual([]);
  });
});

test("an unknown prefix is not found after one read and no run", async () => {
  const { verify, reads, runs } = await given();
  expect(await verify(newKey().text)).toEqual(notFound);
  expect(reads).toHaveLength(1);
  expect(await runs()).toBe(0);
});

test("a proven key costs one read and no run, and what it is told is what was just read", async () => {
  const { key, verify, change, remove, reads, runs } = await given();
  expect(await verify()).toMatchObject({ valid: true });
  expect(reads).toEqual([key.prefix, key.prefix]);
  reads.length = 0;
  change({ products: [] });
  expect(await verify()).toMatchObject({ valid: true, products: [] });
  change({ revokedAt: past });
  expect(await verify()).toMatchObject({ code: "revoked" });
  remove();
  expect(await verify()).toEqual(notFound);
  expect(reads).toHaveLength(3);
  expect(await runs()).toBe(1);
});

test("what happens to the row while argon2 runs is what counts", async () => {
  const held = holdArgon2();
  const { verify, change } = await given(held);
  const verification = verify();
  await expect.poll(() => held.held.length).toBe(1);
  change({ revokedAt: past });
  await held.finishAll();
  expect(await verification).toEqual({ valid: false, code: "revoked" });
});

test("a hash that is replaced while argon2 runs is proven anew", async () => {
  const held = holdArgon2();
  const { key, row, verify, change } = await given(held);
  const verification = verify();
  await expect.poll(() => held.held.length).toBe(1);
  change({ keyHash: (await rowOf(key)).keyHash });
  await held.finishAll();
  expect(await verification).toMatchObject({ valid: true, key_id: row.id });
  expect(held.runs).toBe(2);
});

test("a hash that changes again and again is unavailable, never not found", async () => {
  const { key, row, verify, change } = await given({
    argon2: async (...args) => {
      const hash = await quickArgon2(...args);
      change({ keyHash: (await rowOf(key)).keyHash });
      return hash;
    },
  });
  await expect(verify()).rejects.toMatchObject({ code: "unavailable" });
  expect(row.revokedAt).toBeNull();
});

test("200 first verifications at once run argon2 once and are all valid", async () => {
  const { verify, runs } = await given();
  const answers = await Promise.all(Array.from({ length: 200 }, () => verify()));
  expect(answers.filter(({ valid }) => valid)).toHaveLength(200);
  expect(await runs()).toBe(1);
});
